import { Argument, createCommand, runCommand } from './cli.ts';
import { describeTool, type ResolvedTool, type ToolName, toolNames } from './index.ts';
import { createProgressReport } from './report.ts';

const command = createCommand('tools', 'Finds or builds the programs that Standing Order runs, and prints their paths.')
  .addArgument(new Argument('[name...]', 'the tools (default: all of them)').choices(toolNames))
  .option('--json', 'print one JSON object: { NAME: { path, version, from } }')
  .addHelpText('after', '\nExit code: 0 all tools are available, 1 a tool could not be built, 2 wrong arguments.')
  .action(async (names: readonly ToolName[], { json = false }: { json?: boolean }) => {
    process.exitCode = await printTools(names.length === 0 ? toolNames : names, json);
  });

await runCommand(command);

/** Resolves to the exit code. */
async function printTools(names: readonly ToolName[], json: boolean): Promise<number> {
  const found: Record<string, ResolvedTool> = {};
  let failures = 0;
  for (const name of names) {
    try {
      found[name] = await describeTool(name, createProgressReport(process.stderr));
      if (!json) console.log(found[name].path);
    } catch (error) {
      failures += 1;
      console.error(error instanceof Error ? error.message : error);
    }
  }
  if (json) console.log(JSON.stringify(found, null, 2));
  return failures === 0 ? 0 : 1;
}
