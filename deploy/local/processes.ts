import { runCommand } from '@standing-order/tools/cli';
import { createProcessesCommand, tableOf } from './src/cli/processes-command.ts';
import { sendRequest } from './src/control/client.ts';

/** Longer than any process may take to start. */
const DEADLINE_MS = 150_000;

await runCommand(
  createProcessesCommand(async ({ request, socket, json }) => {
    const response = await sendRequest(socket, request, DEADLINE_MS);
    if ('error' in response) throw new Error(response.error);
    console.log(json ? JSON.stringify(response.processes, null, 2) : tableOf(response.processes));
  }),
);
