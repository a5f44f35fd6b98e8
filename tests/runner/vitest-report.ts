import { relative } from 'node:path';
import type { Failure, Outcome } from './outcome.ts';

/** The parts of vitest's JSON report that are read here. */
export interface VitestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

/** What vitest was asked for, and what came of it; the report is absent when it wrote none. */
export interface VitestRun {
  readonly projects: readonly Project[];
  /** Whether only some files or tests were asked for. */
  readonly narrowed: boolean;
  readonly root: string;
  readonly exitCode: number;
  readonly report?: VitestReport;
}

/** The projects of vitest.config.ts, with how their files are named. */
export const projectFiles = { unit: '.unit.test.ts', simulation: '.sim.test.ts', integration: '.int.test.ts' } as const;
export type Project = keyof typeof projectFiles;

/**
 * Counts the tests of a run. What is no test but went wrong counts as a failure too: a file that cannot be loaded, a
 * runner that crashed, a project of which no test was executed.
 */
export function readVitestRun(run: VitestRun): Outcome {
  const files = run.report?.testResults ?? [];
  const tests = files.flatMap((file) => file.assertionResults.map((test) => ({ file: file.name, ...test })));
  const failures: Failure[] = [
    ...tests.filter((test) => test.status === 'failed').map((test) => failedTest(test.file, test.fullName, run.root)),
    ...files
      .filter((file) => file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed'))
      .map((file) => ({ name: relative(run.root, file.name), again: rerun(file.name, run.root) })),
  ];
  const executed = tests.filter((test) => test.status === 'passed' || test.status === 'failed');
  for (const project of run.narrowed ? [] : run.projects) {
    if (executed.some((test) => test.file.endsWith(projectFiles[project]))) continue;
    failures.push({ name: `${project}: no test was executed`, again: `npm test -- --only ${project}` });
  }
  if (failures.length === 0 && (run.exitCode !== 0 || executed.length === 0)) {
    const what = executed.length === 0 ? 'no test was executed' : `vitest ended with code ${run.exitCode}`;
    failures.push({ name: `${what} (its reason is above)`, again: `npm test -- --only ${run.projects.join(',')}` });
  }
  const passed = tests.filter((test) => test.status === 'passed').length;
  return { passed, skipped: tests.length - executed.length, failures };
}

function failedTest(file: string, fullName: string, root: string): Failure {
  const pattern = fullName.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/'/g, '.');
  return { name: `${relative(root, file)} > ${fullName}`, again: `${rerun(file, root)} -t '${pattern}'` };
}

function rerun(file: string, root: string): string {
  const project = Object.entries(projectFiles).find(([, ending]) => file.endsWith(ending))?.[0];
  const only = project === undefined ? '' : `--only ${project} `;
  return `npm test -- ${only}${relative(root, file)}`;
}
