import { PROCESSES_HELP, parseProcesses, tableOf } from './src/cli/processes-command.ts';
import { ask } from './src/control/client.ts';
import { reasonOf } from './src/wait.ts';

/** Longer than any process may take to start. */
const deadlineMs = 150_000;

const command = parseProcesses(process.argv.slice(2));
if (command.kind === 'help') console.log(PROCESSES_HELP);
else if (command.kind === 'faults') {
  console.error(`${command.faults.join('\n')}\n\n${PROCESSES_HELP}`);
  process.exitCode = 2;
} else {
  try {
    const answer = await ask(command.socket, command.request, deadlineMs);
    if ('error' in answer) throw new Error(answer.error);
    console.log(command.json ? JSON.stringify(answer.processes, null, 2) : tableOf(answer.processes));
  } catch (error) {
    console.error(reasonOf(error));
    process.exitCode = 1;
  }
}
