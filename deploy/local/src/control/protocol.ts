import { PROCESS_ACTIONS, type ProcessAction } from '../supervisor.ts';

/** A request to a running platform: one line of JSON. */
export type ControlRequest = { readonly action: 'list' } | { readonly action: ProcessAction; readonly process: string };

/** Maximum size of a request in bytes. */
export const MAX_REQUEST_BYTES = 1_024;

/** Parses a request. Throws an Error with the reason if it is invalid. */
export function parseRequest(line: string): ControlRequest {
  const value: unknown = JSON.parse(line);
  if (typeof value !== 'object' || value === null || !('action' in value)) throw new Error('no action given');
  if (value.action === 'list') return { action: 'list' };
  const action = PROCESS_ACTIONS.find((known) => known === value.action);
  if (!action) throw new Error(`there is no action "${String(value.action)}"`);
  if (!('process' in value) || typeof value.process !== 'string')
    throw new Error(`${action} needs the name of a process`);
  return { action, process: value.process };
}
