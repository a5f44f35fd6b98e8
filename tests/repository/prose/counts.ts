import type { TextlintMessage } from '@textlint/kernel';

/** Words and findings of one package or folder. */
interface Row {
  readonly words: Record<string, number>;
  readonly findings: Record<string, number>;
}

const KINDS = ['comment', 'markdown', 'text', 'test-text'];

/** Counts words and findings by package, for a table. */
export class ProseCounts {
  readonly #rows = new Map<string, Row>();
  readonly #rules: readonly string[];

  constructor(rules: readonly string[]) {
    this.#rules = rules;
  }

  add(file: string, messages: readonly TextlintMessage[]): void {
    const folders = file.split('/').slice(0, -1);
    for (const name of [folders.slice(0, 2).join('/') || '.', 'total']) {
      const row = this.#rows.get(name) ?? { words: {}, findings: {} };
      this.#rows.set(name, row);
      for (const { ruleId, message } of messages) {
        const [kind = '', words] = message.split(' ');
        if (ruleId === 'words') row.words[kind] = (row.words[kind] ?? 0) + Number(words);
        else row.findings[ruleId] = (row.findings[ruleId] ?? 0) + 1;
      }
    }
  }

  /** A Markdown table; the last column is the number of findings in 1,000 words. */
  table(): string {
    const header = ['package', ...KINDS.map((kind) => `words: ${kind}`), ...this.#rules, 'per 1,000 words'];
    const rows = [...this.#rows].sort(
      ([a], [b]) => Number(a === 'total') - Number(b === 'total') || a.localeCompare(b),
    );
    const lines = rows.map(([name, { words, findings }]) => {
      const counts = [...KINDS.map((kind) => words[kind] ?? 0), ...this.#rules.map((rule) => findings[rule] ?? 0)];
      const sum = (record: Record<string, number>): number => Object.values(record).reduce((a, b) => a + b, 0);
      return [name, ...counts, ((1000 * sum(findings)) / Math.max(1, sum(words))).toFixed(1)];
    });
    const cells = [header, ['---', ...header.slice(1).map(() => '---:')], ...lines];
    return cells.map((row) => `| ${row.join(' | ')} |`).join('\n');
  }
}
