import { runCommand } from '@standing-order/tools/cli';
import { createDeadLettersCommand } from './commands.ts';
import { connectBroker } from './connect.ts';

await runCommand(createDeadLettersCommand({ connect: connectBroker, print: (line) => console.log(line) }));
