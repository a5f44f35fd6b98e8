import { fileURLToPath } from 'node:url';
import { runAttached } from '../../deploy/tools/src/plain/attached.mjs';
import { inWords } from '../../deploy/tools/src/plain/report.mjs';
import { type Outcome, sum } from './outcome.ts';

const minute = 60_000;
const bin = fileURLToPath(new URL('../../node_modules/.bin/', import.meta.url));

const programs: readonly { readonly name: string; readonly args: readonly string[] }[] = [
  { name: 'biome', args: ['check', '--error-on-warnings'] },
  { name: 'tsc', args: ['-p', '.'] },
  { name: 'knip', args: [] },
];

/** The names of the checks. */
export const staticChecks = programs.map(({ name }) => name);

/** Runs some of the static checks over the whole repository, each to its end; each counts as one test. */
export async function runStaticChecks(chosen: readonly string[] = staticChecks): Promise<Outcome> {
  const outcomes: Outcome[] = [];
  for (const { name, args } of programs.filter((program) => chosen.includes(program.name))) {
    console.log(`\n${name}`);
    const began = performance.now();
    const { code, interrupted } = await runAttached(`${bin}${name}`, args, { deadlineMs: 10 * minute });
    console.log(`${name}: ${code === 0 ? 'passed' : 'failed'} after ${inWords(performance.now() - began)}`);
    const failures = code === 0 ? [] : [{ name, again: `npm run check -- ${name}` }];
    outcomes.push({ passed: code === 0 ? 1 : 0, skipped: 0, failures });
    if (interrupted) break;
  }
  return sum(outcomes);
}
