import { readFile } from 'node:fs/promises';
import type { LogLine, OrderLine } from '../scenarios/lib/log.ts';
import type { Summary } from '../scenarios/lib/summary.ts';

/**
 * The requests in the log of one or more runs.
 *
 * @throws an Error that names the line that cannot be read
 */
function readLog(text: string, name: string): OrderLine[] {
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    const entry = parse(line);
    if (entry?.type === 'run' || entry?.type === 'summary') return [];
    const isOrder =
      entry?.type === 'order' &&
      typeof entry.run === 'string' &&
      Number.isInteger(entry.mark) &&
      ['ok', 'fail', 'unknown'].includes(entry.outcome);
    if (!isOrder) throw new Error(`${name}, line ${index + 1} is no line of a load run: ${line.slice(0, 200)}`);
    return [entry];
  });
}

/** The requests in some files. */
export async function readLogs(files: readonly string[]): Promise<OrderLine[]> {
  const logs = await Promise.all(files.map(async (file) => readLog(await readFile(file, 'utf8'), file)));
  return logs.flat();
}

function parse(line: string): LogLine | Summary | undefined {
  try {
    return JSON.parse(line);
  } catch {
    // Told as a line that cannot be read.
    return undefined;
  }
}
