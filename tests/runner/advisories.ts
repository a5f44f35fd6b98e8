/** Compares the packages of a lock file with the advisories of the package registry: `npm audit`. */
import { execFile } from 'node:child_process';
import type { Counts } from './counts.ts';

const ARGS = ['audit', '--json', '--package-lock-only', '--fetch-retries=0', '--fetch-timeout=30000'];
const MAX_REPORT_BYTES = 16 * 1024 * 1024;

export interface Audit {
  /** A registry without an endpoint for advisories, or without a connection, gives no verdict: a skipped test. */
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly lines: readonly string[];
}

interface Advisory {
  readonly name: string;
  readonly range: string;
  readonly severity: string;
  readonly title: string;
  readonly url: string;
}

/** The parts of npm's report that are read: of a comparison, or of an error. */
interface Report {
  readonly metadata?: { readonly vulnerabilities?: { readonly total?: number } };
  readonly vulnerabilities?: Readonly<Record<string, { readonly via: readonly (Advisory | string)[] }>>;
  readonly message?: string;
}

/** Judges the output of `npm audit --json`. Throws if it is neither a comparison nor an error of the registry. */
export function judgeReport(json: string): Audit {
  const { metadata, vulnerabilities = {}, message }: Report = JSON.parse(json);
  const total = metadata?.vulnerabilities?.total;
  if (total === 0)
    return { outcome: 'passed', lines: ['No advisory of the registry affects a package of the lock file.'] };
  if (total !== undefined) {
    // A string names another affected package, which has advisories of its own.
    const advisories = Object.values(vulnerabilities).flatMap(({ via }) =>
      via.filter((each) => typeof each !== 'string'),
    );
    const lines = advisories.map(
      ({ name, range, severity, title, url }) => `${name} ${range}: ${title} (${severity}) ${url}`,
    );
    return { outcome: 'failed', lines: [`Packages with advisories: ${total}`, ...lines] };
  }
  if (message === undefined) throw new Error('npm audit printed neither a comparison nor an error');
  return { outcome: 'skipped', lines: [`SKIPPED, not passed: the registry compared no package: ${message}`] };
}

/** Runs npm for the lock file in `folder`. */
export async function auditPackages(folder: string, signal?: AbortSignal): Promise<Audit> {
  const output = await new Promise<string>((resolve, reject) => {
    execFile('npm', ARGS, { cwd: folder, signal, maxBuffer: MAX_REPORT_BYTES }, (error, stdout) =>
      // npm exits with 1 for advisories and for an error of the registry; both are in its report.
      error && stdout === '' ? reject(error) : resolve(stdout),
    );
  });
  return judgeReport(output);
}

export const countOf = ({ outcome }: Audit): Counts => ({ passed: 0, failed: 0, skipped: 0, [outcome]: 1 });
