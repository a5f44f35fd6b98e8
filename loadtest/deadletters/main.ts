import { runCommand } from '@standing-order/tools/cli';
import { connectBroker } from './broker.ts';
import { createDeadLettersCommand } from './commands.ts';

await runCommand(createDeadLettersCommand({ connect: connectBroker, print: (line) => console.log(line) }));
