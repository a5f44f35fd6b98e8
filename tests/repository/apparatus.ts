import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** The parts whose files need a reason. */
const PARTS = ['deploy', 'loadtest'];
const NO_ROW = /\.test\.ts$|(?:^|\/)(?:package\.json|README\.md)$/;
const SOURCE = /\.(?:ts|mjs|js|go|css)$/;
/** Differences that a row may have: a share of its figure, and lines. */
const TOLERANCE = { share: 0.1, lines: 15 };

/** A row of the page: a path, which is a folder if it ends with a slash, and its lines. */
interface Row {
  readonly path: string;
  readonly lines: number;
  /** The sum of all files below the path, and no reason for any of them. */
  readonly isTotal: boolean;
}

/** The number of source lines by file; 0 for files without source code. */
export type LinesByFile = ReadonlyMap<string, number>;

export function rowsOf(markdown: string): Row[] {
  return [...markdown.matchAll(/^\| (\*\*)?((?:deploy|loadtest)\/[^ |*]*)(?:\*\*)? \| ([\d,]+) \|/gm)].map(
    ([, bold, path = '', lines = '']) => ({
      path,
      lines: Number(lines.replaceAll(',', '')),
      isTotal: bold !== undefined,
    }),
  );
}

/** The files of a checkout that need a row: all but tests, package.json and README.md. */
export function linesByFile(root: string): LinesByFile {
  const files = execFileSync('git', ['ls-files', '-z', ...PARTS], { cwd: root, encoding: 'utf8' }).split('\0');
  return new Map(
    files
      .filter((file) => file !== '' && !NO_ROW.test(file))
      .map((file) => [file, SOURCE.test(file) ? readFileSync(resolve(root, file), 'utf8').split('\n').length - 1 : 0]),
  );
}

/** One sentence for each file without a row, each row without a file, and each figure that differs too much. */
export function faultsOf(rows: readonly Row[], files: LinesByFile): string[] {
  const covers = ({ path }: Row, file: string) => file === path || (path.endsWith('/') && file.startsWith(path));
  const reasons = rows.filter(({ isTotal }) => !isTotal).toSorted((a, b) => b.path.length - a.path.length);
  const byRow = Map.groupBy(files.keys(), (file) => reasons.find((row) => covers(row, file)));
  const uncovered = (byRow.get(undefined) ?? []).map((file) => `${file} has no row`);
  const wrong = rows.flatMap((row) => {
    const covered = row.isTotal ? [...files.keys()].filter((file) => covers(row, file)) : (byRow.get(row) ?? []);
    if (covered.length === 0) return [`${row.path} covers no file`];
    const lines = covered.reduce((sum, file) => sum + (files.get(file) ?? 0), 0);
    const difference = Math.abs(lines - row.lines);
    const isClose = difference <= Math.max(TOLERANCE.lines, TOLERANCE.share * lines);
    return isClose ? [] : [`${row.path} has ${lines} lines, not ${row.lines}`];
  });
  return [...uncovered, ...wrong];
}
