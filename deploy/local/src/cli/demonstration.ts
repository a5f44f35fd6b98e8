import { type DemoResult, type DemoUrls, placeDemoOrder, seedDemo } from '../demo.ts';
import type { ProcessView } from '../processes/spec.ts';
import { reasonOf } from '../wait.ts';

export interface Stage {
  readonly urls: DemoUrls;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
  /** The platform's processes as they are now. */
  readonly processes: () => readonly Pick<ProcessView, 'name' | 'state'>[];
  /** How long the order may take. */
  readonly waitMs?: number;
}

/**
 * Shows one order go through, and resolves to whether it did. When it does not, that is told and no failure: a platform whose
 * backlog, or whose missing process, keeps it waiting is there to be watched. Rejects only when it is stopped.
 */
export async function demonstrate({ urls, signal, say, processes, waitMs }: Stage): Promise<boolean> {
  try {
    await seedDemo(urls, signal);
    const result = await placeDemoOrder(urls, signal, waitMs);
    say(`Order ${result.id}`);
    for (const line of linesOf(result)) say(`  ${line}`);
    if (result.status === 'PENDING') for (const line of pendingLines(urls, result, processes())) say(`  ${line}`);
    say('');
    return result.status === 'VALIDATED';
  } catch (error) {
    signal.throwIfAborted();
    say(`The demo order could not be placed: ${reasonOf(error)}\n`);
    return false;
  }
}

function linesOf({ seen, total, reasons }: DemoResult): string[] {
  return seen.map(({ status, afterMs }) => {
    if (status === 'PENDING') return `PENDING    acknowledged after ${afterMs} ms`;
    const price = total ? `, ${(total.amount / 100).toFixed(2)} ${total.currency}` : '';
    return `${status}${reasons.map(({ code }) => ` ${code}`).join('')}  after ${afterMs} ms${price}`;
  });
}

function pendingLines({ order }: DemoUrls, { id }: DemoResult, processes: ReturnType<Stage['processes']>): string[] {
  const missing = processes.filter(({ state }) => state !== 'running').map(({ name, state }) => `${name} is ${state}`);
  const why = missing.length > 0 ? missing.join(', ') : 'older orders that an earlier run left may come first';
  return [
    `still PENDING, because ${why}. It is stored, and will be decided.`,
    `Wait for it:  curl ${order}/orders/${id} -H 'prefer: wait=60'`,
    'Look around:  npm run processes -- list',
    'Begin anew, without what is stored:  npm start -- --clean',
  ];
}
