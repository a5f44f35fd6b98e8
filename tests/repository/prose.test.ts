import { relative, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { lintFiles } from './prose/lint.ts';

const ROOT = resolve(import.meta.dirname, '../..');

test('prose', async () => {
  const findings: string[] = [];
  for await (const { file, messages } of lintFiles([ROOT])) {
    for (const { line, column, ruleId, message } of messages) {
      findings.push(`${relative(ROOT, file)}:${line}:${column} ${ruleId} ${message}`);
    }
  }
  expect(findings.length, findings.join('\n')).toBe(0);
});
