import { HTTP_STYLES, type HttpStyle } from '@standing-order/contracts';
import { type Command, createCommand, givenPath, UsageError } from '@standing-order/tools/cli';
import type { BrokerKind, StoreKind } from '../dapr/source.ts';
import { DEFAULT_DATA_DIR, faultsOf, type PlatformOptions, settingsOf } from '../options.ts';
import { SERVICES, type ServiceName } from '../ports.ts';

/** The options as commander reads them, not validated. */
interface RawOptions {
  readonly portBase?: string;
  readonly style: string;
  readonly replicas?: string;
  readonly store?: string;
  readonly broker?: string;
  readonly env?: readonly string[];
  readonly dataDir?: string;
  readonly clean?: true;
  readonly once?: true;
}

/** The command `npm start`. `run` gets validated options; a `UsageError` lists every invalid value. */
export function createStartCommand(run: (options: PlatformOptions, once: boolean) => Promise<void>): Command {
  return createCommand('start', 'Starts the stores, the services and their sidecars, and places one order.')
    .name('npm start --')
    .showHelpAfterError('See npm start -- --help.')
    .option('--port-base <port>', 'first of the thousand ports that are used (default: 4000)')
    .option('--style <name>', `style of POST /orders: ${HTTP_STYLES.join(', ')}`, 'respond-first' satisfies HttpStyle)
    .option('--replicas <list>', 'replicas of a service, such as order=2,consumer=3; notification=0 for none')
    .option('--store <kind>', 'state store: redis or postgresql (default: redis)')
    .option('--broker <kind>', 'broker: redis or kafka (default: redis)')
    .option('--env <variable>', 'SERVICE:NAME=VALUE, or NAME=VALUE for all services; repeatable', appended)
    .option('--data-dir <path>', 'directory of data and logs (default: .standing-order/local)')
    .option('--clean', 'delete the data of an earlier run')
    .option('--once', 'stop after the first order; exit code 0 if it was validated')
    .action((raw: RawOptions) => run(platformOptionsOf(raw), raw.once === true));
}

const appended = (value: string, values: readonly string[] = []): string[] => [...values, value];

function platformOptionsOf({ portBase, style, store, broker, ...raw }: RawOptions): PlatformOptions {
  const replicas = parseReplicas(raw.replicas);
  const env = parseEnv(raw.env);
  const options = {
    dataDir: dataDirOf(raw.dataDir),
    clean: raw.clean === true,
    replicas: { notification: 1, ...replicas.counts },
    // A local platform is a lab: a request may select another style.
    env: { ...env.given, order: { STYLE_OVERRIDE: 'allowed', ORDER_STYLE: style, ...env.given.order } },
    ...(portBase !== undefined && { portBase: /^\d+$/.test(portBase) ? Number(portBase) : Number.NaN }),
    // faultsOf checks both kinds.
    ...(store !== undefined && { store: store as StoreKind }),
    ...(broker !== undefined && { broker: broker as BrokerKind }),
  };
  const faults = [...styleFaults(style), ...replicas.faults, ...env.faults, ...faultsOf(settingsOf(options))];
  if (faults.length > 0) throw new UsageError(faults.join('\n'));
  return options;
}

/** A data directory as given, relative to the folder in which npm was called, or the default one. */
export function dataDirOf(given: string | undefined): string {
  return given === undefined ? DEFAULT_DATA_DIR : givenPath(given);
}

function styleFaults(style: string): string[] {
  const isKnown = (HTTP_STYLES as readonly string[]).includes(style);
  return isKnown ? [] : [`--style must be one of ${HTTP_STYLES.join(', ')}, not "${style}"`];
}

/** For each service its variables; a later value of a variable replaces an earlier one. */
function parseEnv(items: readonly string[] = []) {
  const given: Partial<Record<ServiceName, Record<string, string>>> = {};
  const faults: string[] = [];
  for (const item of items) {
    const [, service, name, value = ''] = /^(?:([a-z]+):)?([A-Za-z_]\w*)=(.*)$/s.exec(item) ?? [];
    const targets = SERVICES.filter((known) => service === undefined || known === service);
    if (name === undefined || targets.length === 0) {
      faults.push(`--env must be NAME=VALUE or ${SERVICES.join('|')}:NAME=VALUE, not "${item}"`);
      continue;
    }
    for (const target of targets) given[target] = { ...given[target], [name]: value };
  }
  return { given, faults };
}

function parseReplicas(list: string | undefined): { counts: Partial<Record<ServiceName, number>>; faults: string[] } {
  const counts: Partial<Record<ServiceName, number>> = {};
  const faults: string[] = [];
  for (const item of list?.split(',') ?? []) {
    const [, name, count] = /^(\w+)=(\d+)$/.exec(item) ?? [];
    const service = SERVICES.find((known) => known === name);
    if (service === undefined) faults.push(`--replicas must be a list of ${SERVICES.join('|')}=N, not "${item}"`);
    else counts[service] = Number(count);
  }
  return { counts, faults };
}
