import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { reasonOf } from '@standing-order/tools';
import type { ProcessView } from '../processes/spec.ts';
import type { Supervisor } from '../supervisor.ts';
import { MAX_REQUEST_BYTES, parseRequest } from './protocol.ts';

/** The processes after the action, or the reason why it failed: one line of JSON. */
export type ControlResponse = { readonly processes: readonly ProcessView[] } | { readonly error: string };

export interface Control {
  close(): Promise<void>;
}

/** Serves requests about the processes on a socket in the data directory, which only this user can open. */
export async function serveControl(path: string, supervisor: Supervisor): Promise<Control> {
  // A leftover socket belongs to a platform that died, because the directory is locked.
  await rm(path, { force: true });
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    // Reading fails when the client sends no complete request in time, or when the platform closes.
    serve(socket, supervisor).catch(() => socket.destroy());
  });
  server.listen(path);
  await once(server, 'listening');
  return {
    close: async () => {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

async function serve(socket: Socket, supervisor: Supervisor): Promise<void> {
  // A client that disconnects affects only its own connection.
  socket.on('error', () => socket.destroy());
  socket.setTimeout(5_000, () => socket.destroy());
  let text = '';
  for await (const chunk of socket.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    text += chunk;
    if (text.includes('\n') || text.length > MAX_REQUEST_BYTES) break;
  }
  socket.setTimeout(0);
  const response: ControlResponse = await responseTo(text, supervisor);
  if (socket.writable) socket.end(`${JSON.stringify(response)}\n`);
}

async function responseTo(text: string, supervisor: Supervisor): Promise<ControlResponse> {
  try {
    const request = parseRequest(text);
    if (request.action !== 'list') await supervisor.act(request.action, request.process);
    return { processes: supervisor.views() };
  } catch (error) {
    return { error: reasonOf(error) };
  }
}
