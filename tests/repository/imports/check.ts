import { cruise, type ICruiseOptions, type ICruiseResult } from 'dependency-cruiser';
import { IMPORT_RULES } from './rules.ts';

const FOLDERS = ['packages', 'services', 'deploy', 'loadtest', 'tests'];
/** The native TypeScript 7 has no parser for JavaScript programs, so dependency-cruiser parses with swc. */
const OPTIONS: ICruiseOptions = { parser: 'swc', doNotFollow: { path: 'node_modules' } };
const RESOLUTION = {
  extensions: ['.ts', '.mjs', '.json'],
  exportsFields: ['exports'],
  conditionNames: ['import', 'node', 'default'],
};

/** Checks the imports of a checkout. The report names each import that breaks a rule, the rule and its reason. */
export async function checkImports(checkout: string): Promise<{ report: string; violations: number }> {
  const { output, exitCode } = await cruise(
    FOLDERS,
    { ...OPTIONS, baseDir: checkout, validate: true, ruleSet: { forbidden: IMPORT_RULES }, outputType: 'err-long' },
    RESOLUTION,
  );
  return { report: String(output), violations: exitCode };
}

/** The imports of each file, as written. */
export async function readImports(checkout: string): Promise<Map<string, Set<string>>> {
  const { output } = await cruise(FOLDERS, { ...OPTIONS, baseDir: checkout }, RESOLUTION);
  const { modules } = output as ICruiseResult;
  return new Map(
    modules.map(({ source, dependencies }) => [source, new Set(dependencies.map(({ module }) => module))]),
  );
}
