import type { Probe } from '../wait.ts';

/** Stores start first and stop last; a sidecar outlives its service. */
export type ProcessKind = 'store' | 'sidecar' | 'service';

export interface Program {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<NodeJS.ProcessEnv>;
  /** Another user to run as: PostgreSQL refuses to run as root. */
  readonly user?: { readonly uid: number; readonly gid: number };
}

/** How one process of the platform is run and watched. */
export interface ProcessSpec {
  readonly name: string;
  readonly kind: ProcessKind;
  readonly ports: readonly number[];
  readonly program: Program;
  /** Makes files that the program needs; called before every start. */
  readonly prepare?: (signal: AbortSignal) => Promise<void>;
  /** The process works, whatever the others do. */
  readonly alive: Probe;
  /** It can do its work, with all that it depends on. */
  readonly ready: Probe;
  /** Signals go to its child processes too, since it works in them. */
  readonly withChildren?: boolean;
  /** Asks it to finish and end. */
  readonly stopSignal: 'SIGTERM' | 'SIGINT';
  /** How long it may take to end by itself then. */
  readonly stopDeadlineMs: number;
}

export type ProcessState = 'stopped' | 'starting' | 'running' | 'paused' | 'stopping' | 'failed';

/** What is known of a process. */
export interface ProcessView {
  readonly name: string;
  readonly kind: ProcessKind;
  readonly state: ProcessState;
  readonly ports: readonly number[];
  readonly pid?: number;
  readonly uptimeSeconds?: number;
  /** How it ended, when it is not running. */
  readonly ended?: string;
}

/** The variables of this process that its processes may see; anything else could change them unnoticed. */
export function inheritedEnv(): Record<string, string> {
  const kept = ['PATH', 'HOME', 'USER', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'];
  const entries = Object.entries(process.env).filter(([name]) => kept.includes(name) || name.startsWith('OTEL_'));
  return Object.fromEntries(entries.map(([name, value]) => [name, value ?? '']));
}
