import { closingLines } from './checks/outcome.ts';
import { runStaticChecks } from './checks/static.ts';

const outcome = await runStaticChecks();
console.log(closingLines(outcome).join('\n'));
process.exitCode = outcome.failures.length === 0 ? 0 : 1;
