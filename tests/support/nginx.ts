import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findPortBase } from '@standing-order/local';
import { resolveTool } from '@standing-order/tools';
import { answers, startChild } from './child.ts';

const READY_PATH = '/nginx-ready';
const TEMPORARY_FILES = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];

/** A running nginx that compresses and buffers the responses of its upstreams, also event streams. */
export interface Nginx {
  /** The URLs of the upstreams behind nginx, in the order of the upstreams. */
  readonly urls: readonly string[];
  stop(): Promise<void>;
}

/** One server for each upstream, all with the same settings. Paths are relative to the folder of nginx. */
function configOf(upstreams: readonly string[], hosts: readonly string[]): string {
  return `
daemon off;
master_process off;
pid nginx.pid;
events {}
http {
  access_log off;
  ${TEMPORARY_FILES.map((kind) => `${kind}_temp_path ${kind};`).join('\n  ')}
  gzip on;
  gzip_types text/event-stream;
  proxy_http_version 1.1;
  proxy_buffering on;
${upstreams
  .map(
    (upstream, index) => `
  server {
    listen ${hosts[index]};
    location = ${READY_PATH} { return 204; }
    location / { proxy_pass ${upstream}; }
  }`,
  )
  .join('')}
}
`;
}

/** Starts nginx with its files in this folder. */
export async function startNginx(folder: string, upstreams: readonly string[]): Promise<Nginx> {
  await mkdir(folder, { recursive: true });
  const ports = await findPortBase();
  const hosts = upstreams.map((_, index) => `127.0.0.1:${ports + index}`);
  const config = join(folder, 'nginx.conf');
  await writeFile(config, configOf(upstreams, hosts));
  const args = ['-p', `${folder}/`, '-e', 'stderr', '-c', config];
  const child = startChild(await resolveTool('nginx'), args, join(folder, 'nginx.log'), process.env);
  const urls = hosts.map((host) => `http://${host}`);
  try {
    for (const url of urls) await answers(`${url}${READY_PATH}`, child);
  } catch (error) {
    await child.stop();
    throw error;
  }
  return { urls, stop: () => child.stop() };
}
