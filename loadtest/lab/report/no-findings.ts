import type { CellSummary } from './matrix.ts';

/** The result of the checker for cells without a finding. Older runs had no notification service that could confirm a decision. */
export function noFindings(cells: readonly Pick<CellSummary, 'notification'>[]): string {
  const faults = 'no order was lost, doubled, stuck, unexpected or decided wrongly';
  const isConfirmed = cells.every(({ notification }) => notification !== undefined);
  return isConfirmed ? `${faults}, and the notification service has confirmed each decision` : faults;
}
