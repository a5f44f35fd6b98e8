import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { parseArgs, styleText } from 'node:util';
import { ProseCounts } from './counts.ts';
import { lintFiles } from './lint.ts';
import { PROSE_RULES } from './rules.ts';

const usage = `node tests/repository/prose/main.ts [--count] [PATH...]

Checks the wording of comments, Markdown, string literals and the chart's texts.
PATH is a file or a folder of a checkout; default: the whole repository.
--count prints words and findings of each package below the first PATH instead of the findings.`;

const { values, positionals } = parseArgs({
  options: { count: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const paths = positionals.length > 0 ? positionals : [resolve(import.meta.dirname, '../../..')];
const absent = paths.filter((path) => !existsSync(path));

if (values.help) console.log(usage);
else if (absent.length > 0) {
  console.error(`No such file or folder: ${absent.join(', ')}`);
  process.exitCode = 2;
} else if (values.count) await printCounts();
else await printFindings();

async function printCounts(): Promise<void> {
  const counts = new ProseCounts(PROSE_RULES.map(({ ruleId }) => ruleId));
  for await (const { file, messages } of lintFiles(paths, { countWords: true })) {
    counts.add(relative(paths[0] ?? '.', file), messages);
  }
  console.log(counts.table());
}

async function printFindings(): Promise<void> {
  let files = 0;
  let findings = 0;
  for await (const { file, messages } of lintFiles(paths)) {
    files += 1;
    findings += messages.length;
    for (const { line, column, ruleId, message } of messages) {
      const place = styleText('bold', `${relative('.', file)}:${line}:${column}`, { stream: process.stdout });
      console.log(`${place} ${styleText('red', ruleId, { stream: process.stdout })} ${message}`);
    }
  }
  console.log(`${files} files, ${findings} findings`);
  if (findings > 0) process.exitCode = 1;
}
