import { HTTP_STYLES, type HttpStyle } from '@standing-order/contracts';
import { givenPath, readFlags } from '@standing-order/tools/flags';
import { defaultDataDir, faultsOf, type PlatformOptions, settingsOf } from '../options.ts';
import { type ServiceName, services } from '../ports.ts';

export const startHelp = `npm start -- [FLAG...]

Starts the stores, the services and their sidecars on this machine, places one order, and stays up until Ctrl-C.

  --port-base N           first of the ports to take (4000)
  --style NAME            how POST /orders works: ${HTTP_STYLES.join(', ')} (respond-first); whichever it is, a
                          request may pick another one by its header Order-Style, since this is a lab
  --replicas order=2,...  how many of a service, 1 to 10 (one each); notification=0 for none
  --store NAME            what keeps the state: redis or postgresql (redis)
  --broker NAME           what carries the messages: redis or kafka (redis)
  --env SERVICE:NAME=VALUE  a variable of a service's environment, or without "SERVICE:" of all; as often as you like
  --data-dir DIR          where the data and the logs are (.standing-order/local)
  --clean                 forget what an earlier run left there
  --once                  stop after the first order; exit code 0 if it was validated
  --help                  this text`;

export type StartCommand =
  | { readonly kind: 'help' }
  | { readonly kind: 'faults'; readonly faults: readonly string[] }
  | { readonly kind: 'start'; readonly options: PlatformOptions; readonly once: boolean };

/** Reads the command line of `npm start`. */
export function parseStart(argv: readonly string[]): StartCommand {
  const { values, lists, switches, faults } = readFlags(argv, {
    values: ['port-base', 'style', 'replicas', 'store', 'broker', 'data-dir'],
    lists: ['env'],
    switches: ['clean', 'once', 'help'],
    maxWords: 0,
  });
  if (switches.has('help')) return { kind: 'help' };
  const replicas = parseReplicas(values.get('replicas'));
  const portBase = parsePortBase(values.get('port-base'));
  const style = parseStyle(values.get('style'));
  const env = parseEnv(lists.get('env') ?? []);
  const store = values.get('store');
  const broker = values.get('broker');
  const options = {
    dataDir: dataDirOf(values.get('data-dir')),
    clean: switches.has('clean'),
    replicas: { notification: 1, ...replicas.counts },
    env: { ...env.given, order: { STYLE_OVERRIDE: 'allowed', ...style.env, ...env.given.order } },
    ...portBase.option,
    // Checked with everything else below.
    ...(store !== undefined && { store: store as NonNullable<PlatformOptions['store']> }),
    ...(broker !== undefined && { broker: broker as NonNullable<PlatformOptions['broker']> }),
  };
  const parsed = [portBase, style, replicas, env].flatMap((managed) => managed.faults);
  const all = [...faults, ...parsed, ...faultsOf(settingsOf(options))];
  if (all.length > 0) return { kind: 'faults', faults: all };
  return { kind: 'start', options, once: switches.has('once') };
}

/** A data directory as given, from where npm was called, or the usual one. */
export function dataDirOf(given: string | undefined): string {
  return given === undefined ? defaultDataDir : givenPath(given);
}

function parsePortBase(text: string | undefined): { option: { portBase?: number }; faults: string[] } {
  if (text === undefined) return { option: {}, faults: [] };
  if (/^\d+$/.test(text)) return { option: { portBase: Number(text) }, faults: [] };
  return { option: {}, faults: [`port base: "${text}" is no number`] };
}

function parseStyle(text: string = 'respond-first' satisfies HttpStyle): {
  env: { ORDER_STYLE: string };
  faults: string[];
} {
  const known = (HTTP_STYLES as readonly string[]).includes(text);
  return { env: { ORDER_STYLE: text }, faults: known ? [] : [`style: "${text}" is none of ${HTTP_STYLES.join(', ')}`] };
}

/** Of two values for one variable the later one counts. */
function parseEnv(items: readonly string[]) {
  const given: Partial<Record<ServiceName, Record<string, string>>> = {};
  const faults: string[] = [];
  for (const item of items) {
    const [, service, name, value = ''] = /^(?:(\w+):)?([A-Za-z_]\w*)=(.*)$/s.exec(item) ?? [];
    const meant = services.filter((known) => service === undefined || service === known);
    if (name === undefined || meant.length === 0)
      faults.push(`env: "${item}" is not of the form NAME=VALUE or ${services.join('|')}:NAME=VALUE`);
    else for (const each of meant) given[each] = { ...given[each], [name]: value };
  }
  return { given, faults };
}

function parseReplicas(text = ''): { counts: Partial<Record<ServiceName, number>>; faults: string[] } {
  const counts: Partial<Record<ServiceName, number>> = {};
  const faults: string[] = [];
  for (const item of text.split(',').filter((managed) => managed !== '')) {
    const [, name, count] = /^(\w+)=(\d+)$/.exec(item) ?? [];
    const service = services.find((known) => known === name);
    if (service === undefined) faults.push(`replicas: "${item}" is not of the form ${services.join('|')}=N`);
    else counts[service] = Number(count);
  }
  return { counts, faults };
}
