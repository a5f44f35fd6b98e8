import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import type { ProcessView } from '../processes/spec.ts';
import type { Supervisor } from '../supervisor.ts';
import { reasonOf } from '../wait.ts';
import { maxRequestBytes, parseRequest } from './protocol.ts';

export type Answer = { readonly processes: readonly ProcessView[] } | { readonly error: string };

export interface Control {
  close(): Promise<void>;
}

/** Lets other processes of this user see and move the processes, over a socket in the data directory. */
export async function serveControl(path: string, supervisor: Supervisor): Promise<Control> {
  // Only a platform that died can have left one: the directory is locked.
  await rm(path, { force: true });
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    void serve(socket, supervisor);
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
  // A client that goes away breaks its own connection only.
  socket.on('error', () => socket.destroy());
  socket.setTimeout(5_000, () => socket.destroy());
  let text = '';
  for await (const chunk of socket.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    text += chunk;
    if (text.includes('\n') || text.length > maxRequestBytes) break;
  }
  socket.setTimeout(0);
  const answer: Answer = await answerTo(text, supervisor);
  if (socket.writable) socket.end(`${JSON.stringify(answer)}\n`);
}

async function answerTo(text: string, supervisor: Supervisor): Promise<Answer> {
  try {
    const request = parseRequest(text);
    if (request.action !== 'list') await supervisor.act(request.action, request.process);
    return { processes: supervisor.views() };
  } catch (error) {
    return { error: reasonOf(error) };
  }
}
