import { PROCESS_ACTIONS, type ProcessAction } from '../supervisor.ts';

/** One line of JSON each way: what to do, and what came of it. */
export type Request = { readonly action: 'list' } | { readonly action: ProcessAction; readonly process: string };

/** Longest request that is read. */
export const maxRequestBytes = 1_024;

/** Reads a request. Throws an Error that says what is wrong with it. */
export function parseRequest(line: string): Request {
  const value: unknown = JSON.parse(line);
  if (typeof value !== 'object' || value === null || !('action' in value)) throw new Error('no action given');
  if (value.action === 'list') return { action: 'list' };
  const action = PROCESS_ACTIONS.find((known) => known === value.action);
  if (!action) throw new Error(`there is no action "${String(value.action)}"`);
  if (!('process' in value) || typeof value.process !== 'string')
    throw new Error(`${action} needs the name of a process`);
  return { action, process: value.process };
}
