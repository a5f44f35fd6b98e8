import { isMap, isScalar, type Pair, parseDocument, type Scalar, type YAMLMap } from 'yaml';

/** One line of the table of values. */
interface Row {
  readonly path: string;
  readonly initial: string;
  readonly description: string;
}

/** A Markdown table of every value in a values.yaml, with its default and its comment that begins with `# --`. */
export function valuesTable(valuesYaml: string): string {
  const rows = rowsOf(parseDocument(valuesYaml).contents as YAMLMap, []);
  const cells = rows.map(({ path, initial, description }) => `| \`${path}\` | ${initial} | ${description} |`);
  return ['| value | default | meaning |', '|---|---|---|', ...cells].join('\n');
}

function rowsOf(map: YAMLMap, parents: readonly string[]): Row[] {
  return map.items.flatMap((item, index): Row[] => {
    const { key, value } = item as Pair<Scalar<string>>;
    const path = [...parents, key.value];
    // The comment of the first key belongs to the map.
    const description = describe(key.commentBefore ?? (index === 0 ? map.commentBefore : undefined));
    // A map without descriptions inside is one value.
    if (!isMap(value) || value.flow || value.items.length === 0) {
      return [{ path: path.join('.'), initial: codeOf(value), description }];
    }
    const inner = rowsOf(value, path);
    return description === '' ? inner : [{ path: path.join('.'), initial: '', description }, ...inner];
  });
}

/** The text after the last `--`, in one line. */
function describe(comment: string | null | undefined): string {
  const [, text = ''] = /(?:^|\n) -- ([\s\S]*)$/.exec(comment ?? '') ?? [];
  return text
    .replaceAll(/\s*\n\s*/g, ' ')
    .replaceAll('|', '\\|')
    .trim();
}

function codeOf(value: unknown): string {
  const json = isScalar(value) ? JSON.stringify(value.value) : JSON.stringify((value as YAMLMap).toJSON());
  return `\`${json}\``;
}
