import { join } from 'node:path';
import { HTTP_STYLES } from '@standing-order/contracts';
import { DEMO_ORDER } from '../demo.ts';
import { DEFAULT_DATA_DIR, type PlatformOptions } from '../options.ts';
import type { Platform } from '../platform.ts';
import type { ServiceName } from '../ports.ts';

/** How to use a running platform: its addresses, authentication, and commands to copy. */
export function usageText({ urls, dataDir }: Pick<Platform, 'urls' | 'dataDir'>, env: PlatformOptions['env']): string {
  const style = env?.order?.ORDER_STYLE ?? 'respond-first';
  const other = HTTP_STYLES.find((known) => known !== style);
  const services = (Object.keys(urls) as ServiceName[]).filter((name) => urls[name].length > 0);
  const flag = dataDir === DEFAULT_DATA_DIR ? '' : ` --data-dir ${shellWord(dataDir)}`;
  return `${services.map((name) => `  ${name.padEnd(12)} ${urls[name].join('  ')}`).join('\n')}
  ${'logs'.padEnd(12)} ${join(dataDir, 'logs')}

Each service shows its API at /docs. ${authenticationText(services, env)}

Place an order; to use another style than ${style}, add -H 'order-style: ${other}':
  curl -i ${urls.order[0]}/orders -H 'content-type: application/json' \\
    -d '${JSON.stringify(DEMO_ORDER)}'
Control the processes from a second terminal:
  npm run processes -- list${flag}
  npm run processes -- kill consumer-1${flag}

Ctrl-C stops everything. The data remains.`;
}

function authenticationText(services: readonly ServiceName[], env: PlatformOptions['env']): string {
  const open = services.filter((name) => !env?.[name]?.AUTH_ISSUER);
  if (open.length === 0) return "Authentication is on: add -H 'authorization: Bearer TOKEN' to requests.";
  const where = open.length === services.length ? '' : ` for ${open.join(', ')}`;
  return `Authentication is off${where}: any caller has full access. To require bearer tokens, start with
--env AUTH_ISSUER=URL --env AUTH_AUDIENCE=NAME.`;
}

/** A text as one word of a shell command. */
function shellWord(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
