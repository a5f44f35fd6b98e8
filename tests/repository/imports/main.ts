import { resolve } from 'node:path';
import { checkImports } from './check.ts';

const [checkout = resolve(import.meta.dirname, '../../..'), ...rest] = process.argv.slice(2);

if (checkout.startsWith('-') || rest.length > 0) {
  console.log(
    'node tests/repository/imports/main.ts [CHECKOUT]\n\nChecks the imports of a checkout; default: of this one.',
  );
  process.exitCode = checkout === '--help' ? 0 : 2;
} else {
  const { report, violations } = await checkImports(resolve(checkout));
  console.log(report.trim());
  if (violations > 0) process.exitCode = 1;
}
