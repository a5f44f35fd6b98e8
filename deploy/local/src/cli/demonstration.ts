import { reasonOf } from '@standing-order/tools';
import { type DemoResult, type DemoUrls, placeDemoOrder, seedDemo } from '../demo.ts';
import type { ProcessView } from '../processes/spec.ts';

export interface Stage {
  readonly urls: DemoUrls;
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
  /** The platform's processes as they are now. */
  readonly processes: () => readonly Pick<ProcessView, 'name' | 'state'>[];
  /** How long the order may take. */
  readonly waitMs?: number;
}

/**
 * Places one order and prints its statuses. Resolves to true if it was validated. An order that waits, because of a backlog or
 * a stopped process, is reported and is no failure. Rejects only when it is aborted.
 */
export async function demonstrate({ urls, signal, print, processes, waitMs }: Stage): Promise<boolean> {
  try {
    await seedDemo(urls, signal);
    const result = await placeDemoOrder(urls, signal, waitMs);
    print(`Order ${result.id}`);
    for (const line of linesOf(result)) print(`  ${line}`);
    if (result.status === 'PENDING') for (const line of pendingLines(urls, result, processes())) print(`  ${line}`);
    print('');
    return result.status === 'VALIDATED';
  } catch (error) {
    signal.throwIfAborted();
    print(`The demo order could not be placed: ${reasonOf(error)}\n`);
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
  const why = missing.length > 0 ? missing.join(', ') : 'orders of an earlier run may be processed first';
  return [
    `still PENDING, because ${why}. It is stored and will be decided.`,
    `Wait for it:  curl ${order}/orders/${id} -H 'prefer: wait=60'`,
    'List the processes:  npm run processes -- list',
    'Start with an empty store:  npm start -- --clean',
  ];
}
