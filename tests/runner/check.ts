import { closingLines } from './outcome.ts';
import { runStaticChecks, staticChecks } from './static.ts';

const names = process.argv.slice(2);
const unknown = names.filter((name) => !staticChecks.includes(name));
if (unknown.length > 0) {
  console.error(`npm run check -- [NAME...]\n\nNAME is one of ${staticChecks.join(', ')}; not: ${unknown.join(', ')}`);
  process.exitCode = 2;
} else {
  const outcome = await runStaticChecks(names.length > 0 ? names : staticChecks);
  console.log(closingLines(outcome).join('\n'));
  process.exitCode = outcome.failures.length === 0 ? 0 : 1;
}
