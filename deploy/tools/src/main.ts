import { parseArgs } from 'node:util';
import { describeTool, isToolName, type Resolved, toolNames } from './index.ts';
import { reportTo } from './plain/report.mjs';

const help = `Finds the programs that Standing Order runs, or makes them, and prints where they are.

  npm run tools -- [--json] [NAME...]

NAME is one of: ${toolNames.join(', ')}. Without a name: all of them.

  --json   print one JSON object: { NAME: { path, version, from } }
  --help   print this

Exit code: 0 all there, 1 one could not be had, 2 wrong arguments.`;

async function main(): Promise<number> {
  const { values, positionals } = readArguments();
  if (values.help) {
    console.log(help);
    return 0;
  }
  const unknown = positionals.filter((name) => !isToolName(name));
  if (unknown.length > 0) {
    console.error(`No tool is named ${unknown.join(', ')}. Known: ${toolNames.join(', ')}.`);
    return 2;
  }
  const names = positionals.length === 0 ? toolNames : positionals.filter(isToolName);
  const found: Record<string, Resolved> = {};
  let failed = 0;
  for (const name of names) {
    try {
      found[name] = await describeTool(name, reportTo(process.stderr));
      if (!values.json) console.log(found[name].path);
    } catch (error) {
      failed += 1;
      console.error(error instanceof Error ? error.message : error);
    }
  }
  if (values.json) console.log(JSON.stringify(found, null, 2));
  return failed === 0 ? 0 : 1;
}

function readArguments() {
  try {
    return parseArgs({
      options: { json: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
      allowPositionals: true,
    });
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(2);
  }
}

process.exitCode = await main();
