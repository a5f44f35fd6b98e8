/**
 * `npm test`: finds or builds the tools that the integration tests need, then runs vitest, which gets all arguments.
 * Tests that need a tool carry its tag. Tests whose tool is missing are skipped, and the tool is named.
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { runAttached } from '../../deploy/tools/src/bootstrap/attached.mjs';
import { resolveTool, toolNames } from '../../deploy/tools/src/index.ts';

const MINUTE_MS = 60_000;
const VITEST = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');

const HELP = `Runs the tests and does the set-up that they need. The first run takes some minutes longer, for building tools.

  npm test -- [--project NAME] [-t PATTERN] [--tags-filter EXPRESSION] [FILE...]

  --project NAME  checks, unit, simulation, integration or lab; may be repeated; default: all of them
  -t PATTERN      only tests whose name matches this regular expression
  --tags-filter   only tests with these tags, such as '!kafka'; a tag is the tool that a test needs
  FILE            only test files whose path contains this
  --help          print this; every other option of vitest works as well

The last line is 'N passed, N failed, N skipped'. Exit code: 0 if no test failed, else 1.`;

/** Tools that cannot be found, built or fetched here. Prints the path of each tool, or the reason why it is missing. */
async function findMissingTools(): Promise<string[]> {
  console.log(`Tools: ${toolNames.join(', ')}`);
  const missing: string[] = [];
  for (const tool of toolNames) {
    try {
      console.log(`${tool}: ${await resolveTool(tool)}`);
    } catch (error) {
      console.error(
        `${tool} is missing, tests that need it are skipped: ${error instanceof Error ? error.message : error}`,
      );
      missing.push(tool);
    }
  }
  return missing;
}

/** The values of `--project`, in both spellings. */
function chosenProjects(args: readonly string[]): string[] {
  return args.flatMap((arg, index) =>
    arg === '--project' ? (args[index + 1] ?? []) : arg.startsWith('--project=') ? arg.slice('--project='.length) : [],
  );
}

const args = process.argv.slice(2);
if (args.includes('--help')) {
  console.log(HELP);
} else {
  const projects = chosenProjects(args);
  const missing =
    projects.length === 0 || ['integration', 'lab'].some((name) => projects.includes(name))
      ? await findMissingTools()
      : [];
  const env = { ...process.env, MISSING_TOOLS: missing.join(',') };
  const { code } = await runAttached(process.execPath, [VITEST, 'run', ...args], { env, deadlineMs: 85 * MINUTE_MS });
  process.exitCode = code;
}
