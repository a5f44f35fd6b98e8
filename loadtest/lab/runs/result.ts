import type { BrokerKind } from '@standing-order/local';
import type { FAULT_KINDS } from '../../checker/judge.ts';
import type { NotificationResult } from '../judge/notification.ts';
import type { StyleResult } from '../judge/style-result.ts';
import type { Style } from '../load/answers.ts';
import type { Usage } from '../measure/sampler.ts';

/** One cell of a run: a fault on a broker. */
export interface Cell {
  readonly fault: string;
  readonly broker: BrokerKind | 'cluster';
}

/** The plan of a run. Durations are in seconds. */
export interface Plan extends Cell {
  readonly repetition: number;
  /** Orders per second and style. */
  readonly rate: number;
  readonly before: number;
  readonly during: number;
  readonly after: number;
}

/** A broken promise that the checker found. */
export interface Finding {
  readonly kind: (typeof FAULT_KINDS)[number] | 'undelivered';
  readonly style: Style | 'unknown';
  /** The order's id or the request's key. */
  readonly ref: string;
}

/** A run with its result, as it is kept. Times are milliseconds after the start of the load. */
export interface RunResult {
  readonly version: 1;
  readonly plan: Plan;
  /** ISO time of the start of the load. */
  readonly startedAt: string;
  readonly commit: string;
  readonly fault: {
    readonly beganMs: number;
    readonly effectiveMs: number;
    readonly endBeganMs: number;
    readonly endedMs: number;
  };
  readonly styles: Readonly<Partial<Record<Style, StyleResult>>>;
  readonly orders: { readonly sent: number; readonly acknowledged: number; readonly stored: number };
  readonly findings: readonly Finding[];
  /** Messages that were put aside, by topic and reason. */
  readonly deadLetters: Readonly<Record<string, number>>;
  /** Processors and memory of the machine that ran it, or of the cluster's nodes; absent in older results. */
  readonly machine?: string;
  /** Version and number of nodes; absent for local processes. */
  readonly cluster?: string;
  /** Absent in a cluster. */
  readonly usage?: Usage;
  /** Absent in a cluster, and in results of a lab without the notification service. */
  readonly notification?: NotificationResult;
}
