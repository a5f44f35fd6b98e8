import { readFile } from 'node:fs/promises';
import type { LogLine, OrderLine, SentLine } from '../scenarios/lib/log.ts';
import type { Summary } from '../scenarios/lib/summary.ts';

/**
 * The requests in the log of one or more runs, each once. A request that was cut off has an unknown outcome.
 *
 * @throws an Error that names the line that cannot be read
 */
export function readLog(text: string, name: string): OrderLine[] {
  const requests = new Map<string, OrderLine>();
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const entry = parse(line);
    if (entry?.type === 'run' || entry?.type === 'summary') continue;
    if (!isRequest(entry))
      throw new Error(`${name}, line ${index + 1} is not a line of a load run's log: ${line.slice(0, 200)}`);
    if (entry.type === 'order') requests.set(entry.key, entry);
    else if (!requests.has(entry.key))
      requests.set(entry.key, { ...entry, type: 'order', ms: 0, outcome: 'unknown', status: 0, error: 'cut off' });
  }
  return [...requests.values()];
}

function isRequest(entry: LogLine | Summary | undefined): entry is SentLine | OrderLine {
  if (entry?.type !== 'sent' && entry?.type !== 'order') return false;
  const hasFields =
    typeof entry.run === 'string' && typeof entry.key === 'string' && Number.isInteger(entry.requestNumber);
  return hasFields && (entry.type === 'sent' || ['ok', 'fail', 'unknown'].includes(entry.outcome));
}

/** The requests in these files. */
export async function readLogs(files: readonly string[]): Promise<OrderLine[]> {
  const logs = await Promise.all(files.map(async (file) => readLog(await readFile(file, 'utf8'), file)));
  return logs.flat();
}

function parse(line: string): LogLine | Summary | undefined {
  try {
    return JSON.parse(line);
  } catch {
    // The caller reports the line.
    return undefined;
  }
}
