// A process of its own that resolves the tool that it is given, as JSON, and prints what it got.
import type { Surroundings } from '../src/find.ts';
import { reportTo } from '../src/plain/report.mjs';
import { resolve } from '../src/resolve.ts';
import type { Tool } from '../src/table.ts';

const { tool, around }: { tool: Tool; around: Surroundings } = JSON.parse(process.argv[2] ?? '');
try {
  console.log(JSON.stringify(await resolve(tool, around, reportTo(process.stderr))));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
