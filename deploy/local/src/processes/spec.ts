import type { Probe } from '../wait.ts';

/** Stores start first and stop last; sidecars stop after services. */
export type ProcessKind = 'store' | 'sidecar' | 'service';

export interface Program {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<NodeJS.ProcessEnv>;
  /** The user to run as: PostgreSQL refuses to run as root. */
  readonly user?: { readonly uid: number; readonly gid: number };
}

/** How one process of the platform is run and watched. */
export interface ProcessSpec {
  readonly name: string;
  readonly kind: ProcessKind;
  readonly ports: readonly number[];
  readonly program: Program;
  /** Creates the files that the program needs; called before every start. */
  readonly prepare?: (signal: AbortSignal) => Promise<void>;
  /** Resolves when the process itself works. */
  readonly alive: Probe;
  /** Resolves when the process and its dependencies work. */
  readonly ready: Probe;
  /** Signals are also sent to its child processes. */
  readonly withChildren?: boolean;
  /** The signal for an orderly stop. */
  readonly stopSignal: 'SIGTERM' | 'SIGINT';
  /** Milliseconds from the stop signal to SIGKILL. */
  readonly stopDeadlineMs: number;
}

export type ProcessState = 'stopped' | 'starting' | 'running' | 'paused' | 'stopping' | 'failed';

/** The state of a process. */
export interface ProcessView {
  readonly name: string;
  readonly kind: ProcessKind;
  readonly state: ProcessState;
  readonly ports: readonly number[];
  readonly pid?: number;
  readonly uptimeSeconds?: number;
  /** How the process ended, if it is not running. */
  readonly ended?: string;
}

/** The environment variables that processes inherit. Others are withheld, because they could change a process unnoticed. */
export function inheritedEnv(): Record<string, string> {
  const kept = ['PATH', 'HOME', 'USER', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'];
  const entries = Object.entries(process.env).filter(([name]) => kept.includes(name) || name.startsWith('OTEL_'));
  return Object.fromEntries(entries.map(([name, value]) => [name, value ?? '']));
}
