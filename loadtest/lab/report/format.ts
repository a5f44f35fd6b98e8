import type { Estimate } from '../statistics/bootstrap.ts';

export const STYLE_TITLES = {
  'respond-first': 'Respond-first',
  messaging: 'Messaging',
  replication: 'Replication',
  synchronous: 'Synchronous',
} as const;
export const QUESTION_TITLES = {
  answered: 'Answered usefully within 1 s',
  decided: 'Decision known within 5 s',
} as const;
export const BROKER_TITLES = { redis: 'Redis Streams', kafka: 'Kafka', cluster: 'Kubernetes' } as const;

/** A share as a percentage that is 100 only if every order counts, and 0 only if none does. */
export function percent({ value, yes, offered }: Pick<Estimate, 'value' | 'yes' | 'offered'>): string {
  if (offered === 0) return '-';
  if (yes === offered) return '100 %';
  if (yes === 0) return '0 %';
  const digits = value > 0.99 ? 2 : 1;
  return `${Math.min(100 * value, value > 0.99 ? 99.99 : 99.9).toFixed(digits)} %`;
}

/** A row of a table in Markdown. */
export const markdownRow = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;

/** The interval in percent. */
export const interval = ({ low, high }: Pick<Estimate, 'low' | 'high'>): string =>
  `${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)} %`;

/** The grade of a share, for its colour. The text beside the colour has the number. */
export function gradeOf({
  value,
  offered,
}: Pick<Estimate, 'value' | 'offered'>): 'none' | 'good' | 'fair' | 'poor' | 'bad' {
  if (offered === 0) return 'none';
  if (value >= 0.999) return 'good';
  if (value >= 0.9) return 'fair';
  return value >= 0.5 ? 'poor' : 'bad';
}

export const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
