// Resolves the tool of its argument (JSON) in a process of its own, and prints the result.
import type { Environment } from '../src/find.ts';
import { createProgressReport } from '../src/report.ts';
import { resolve } from '../src/resolve.ts';
import type { Tool } from '../src/table.ts';

const { tool, environment }: { tool: Tool; environment: Environment } = JSON.parse(process.argv[2] ?? '');
try {
  console.log(JSON.stringify(await resolve(tool, environment, createProgressReport(process.stderr))));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
