import { parseParts, partsHelp, tableOf } from './src/cli/parts-command.ts';
import { ask } from './src/control/client.ts';
import { reasonOf } from './src/wait.ts';

/** Longer than any part may take to start. */
const deadlineMs = 150_000;

const command = parseParts(process.argv.slice(2));
if (command.kind === 'help') console.log(partsHelp);
else if (command.kind === 'faults') {
  console.error(`${command.faults.join('\n')}\n\n${partsHelp}`);
  process.exitCode = 2;
} else {
  try {
    const answer = await ask(command.socket, command.request, deadlineMs);
    if ('error' in answer) throw new Error(answer.error);
    console.log(command.json ? JSON.stringify(answer.parts, null, 2) : tableOf(answer.parts));
  } catch (error) {
    console.error(reasonOf(error));
    process.exitCode = 1;
  }
}
