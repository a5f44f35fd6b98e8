import { parseArgs } from 'node:util';
import { resolveTool, type ToolName, toolNames } from '../../deploy/tools/src/index.ts';
import { isNeededByAll, testsThatNeed } from './needs.ts';
import { closingLines, type Outcome, sum } from './outcome.ts';
import { runStaticChecks } from './static.ts';
import { runVitest } from './vitest.ts';
import { type Project, projectFiles } from './vitest-report.ts';

const parts = ['checks', ...Object.keys(projectFiles)];

const help = `Runs the tests. Does all the set-up they need; on the first run that may take 25 minutes more, for building daprd, Helm and k6.

  npm test -- [--only PART,PART] [-t PATTERN] [FILE...]

  --only PART   some of: ${parts.join(', ')}; without it all of them
  -t PATTERN    only tests whose name matches this regular expression
  FILE          only test files whose path contains this; no static checks then
  --help        print this

The last line is 'N passed, N failed, N skipped', where each static check counts as a test. Exit code: 0 if none failed, 2
for wrong arguments, else 1.`;

interface Wish {
  readonly checks: boolean;
  readonly projects: readonly Project[];
  readonly files: readonly string[];
  readonly name?: string;
}

/** Exits the process on `--help` and on wrong arguments. */
function readArguments(): Wish {
  try {
    const { values, positionals } = parseArgs({
      options: { only: { type: 'string' }, name: { type: 'string', short: 't' }, help: { type: 'boolean' } },
      allowPositionals: true,
    });
    if (values.help) {
      console.log(help);
      process.exit(0);
    }
    const chosen = values.only?.split(',') ?? parts;
    const unknown = chosen.filter((part) => !parts.includes(part));
    if (unknown.length > 0) throw new Error(`--only knows ${parts.join(', ')}; not: ${unknown.join(', ')}`);
    const narrowed = positionals.length > 0 || values.name !== undefined;
    return {
      checks: chosen.includes('checks') && !narrowed,
      projects: chosen.filter((part): part is Project => Object.hasOwn(projectFiles, part)),
      files: positionals,
      ...(values.name !== undefined && { name: values.name }),
    };
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(2);
  }
}

/** The tools that cannot be had here. */
async function missingTools(): Promise<ToolName[]> {
  console.log(`\nTools: ${toolNames.join(', ')}`);
  const missing: ToolName[] = [];
  for (const tool of toolNames) {
    try {
      console.log(`${tool}: ${await resolveTool(tool)}`);
    } catch (error) {
      console.error(error instanceof Error ? error.message : error);
      missing.push(tool);
    }
  }
  return missing;
}

/** Files that cannot run here count as one skipped test each; what nothing can run without is a failure. */
async function prepareIntegration(files: readonly string[]): Promise<{ outcome: Outcome; without: readonly string[] }> {
  const missing = await missingTools();
  const left = [...(await testsThatNeed(missing))];
  const wished = left.filter(([file]) => files.length === 0 || files.some((part) => file.includes(part)));
  const leftOut = wished.map(([file, tools]) => `${file}, which needs ${tools.join(' and ')} (see above)`);
  const failures = missing
    .filter(isNeededByAll)
    .map((tool) => ({ name: `${tool} is missing`, again: `npm run tools -- ${tool}` }));
  return { outcome: { passed: 0, skipped: leftOut.length, leftOut, failures }, without: left.map(([file]) => file) };
}

async function main(wish: Wish): Promise<Outcome> {
  const outcomes: Outcome[] = [];
  let { projects } = wish;
  let without: readonly string[] = [];
  if (wish.checks) outcomes.push(await runStaticChecks());
  if (projects.includes('integration')) {
    const prepared = await prepareIntegration(wish.files);
    outcomes.push(prepared.outcome);
    without = prepared.without;
    if (prepared.outcome.failures.length > 0) projects = projects.filter((project) => project !== 'integration');
  }
  if (projects.length > 0) outcomes.push(await runVitest({ ...wish, projects, without }));
  return sum(outcomes);
}

const outcome = await main(readArguments());
console.log(closingLines(outcome).join('\n'));
process.exitCode = outcome.failures.length === 0 ? 0 : 1;
