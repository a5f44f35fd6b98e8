import { resolve } from 'node:path';
import { defaultDataDir, faultsOf, type PlatformOptions, settingsOf } from '../options.ts';
import { type ServiceName, services } from '../ports.ts';
import { readFlags } from './flags.ts';

export const startHelp = `npm start -- [FLAG...]

Starts the stores, the services and their sidecars on this machine, places one order, and stays up until Ctrl-C.

  --port-base N           first of the ports to take (4000)
  --replicas order=2,...  how many of a service, 1 to 10 (one each); notification=0 for none
  --store NAME            what keeps the state: redis or postgresql (redis)
  --broker NAME           what carries the messages: redis or kafka (redis)
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
  const { values, switches, faults } = readFlags(argv, {
    values: ['port-base', 'replicas', 'store', 'broker', 'data-dir'],
    switches: ['clean', 'once', 'help'],
    maxWords: 0,
  });
  if (switches.has('help')) return { kind: 'help' };
  const replicas = parseReplicas(values.get('replicas'));
  const portBase = parsePortBase(values.get('port-base'));
  const store = values.get('store');
  const broker = values.get('broker');
  const options = {
    dataDir: dataDirOf(values.get('data-dir')),
    clean: switches.has('clean'),
    replicas: { notification: 1, ...replicas.counts },
    ...portBase.option,
    // Checked with everything else below.
    ...(store !== undefined && { store: store as NonNullable<PlatformOptions['store']> }),
    ...(broker !== undefined && { broker: broker as NonNullable<PlatformOptions['broker']> }),
  };
  const all = [...faults, ...portBase.faults, ...replicas.faults, ...faultsOf(settingsOf(options))];
  if (all.length > 0) return { kind: 'faults', faults: all };
  return { kind: 'start', options, once: switches.has('once') };
}

/** A data directory as given, from where npm was called, or the usual one. */
export function dataDirOf(given: string | undefined): string {
  return given === undefined ? defaultDataDir : resolve(process.env.INIT_CWD ?? process.cwd(), given);
}

function parsePortBase(text: string | undefined): { option: { portBase?: number }; faults: string[] } {
  if (text === undefined) return { option: {}, faults: [] };
  if (/^\d+$/.test(text)) return { option: { portBase: Number(text) }, faults: [] };
  return { option: {}, faults: [`port base: "${text}" is no number`] };
}

function parseReplicas(text = ''): { counts: Partial<Record<ServiceName, number>>; faults: string[] } {
  const counts: Partial<Record<ServiceName, number>> = {};
  const faults: string[] = [];
  for (const item of text.split(',').filter((part) => part !== '')) {
    const [, name, count] = /^(\w+)=(\d+)$/.exec(item) ?? [];
    const service = services.find((known) => known === name);
    if (service === undefined) faults.push(`replicas: "${item}" is not of the form ${services.join('|')}=N`);
    else counts[service] = Number(count);
  }
  return { counts, faults };
}
