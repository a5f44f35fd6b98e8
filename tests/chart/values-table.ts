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
    const [text, ...before] = textsOf(key.commentBefore ?? (index === 0 ? map.commentBefore : undefined)).reverse();
    const unset = before.reverse().flatMap((each) => unsetRow(each, parents));
    const description = inOneLine(text ?? '');
    // A map without descriptions inside is one value.
    if (!isMap(value) || value.flow || value.items.length === 0) {
      return [...unset, { path: path.join('.'), initial: codeOf(value), description }];
    }
    const inner = rowsOf(value, path);
    return [...unset, ...(description === '' ? inner : [{ path: path.join('.'), initial: '', description }, ...inner])];
  });
}

/** The texts that begin with `--`. */
const textsOf = (comment: string | null | undefined): string[] => (comment ?? '').split(/(?:^|\n) -- /).slice(1);

/** The row of a value that has no default: its comment ends with the value, as a comment. */
function unsetRow(text: string, parents: readonly string[]): Row[] {
  const [, description = '', name] = /^([\s\S]*)\n (\w+): .*$/.exec(text) ?? [];
  return name === undefined
    ? []
    : [{ path: [...parents, name].join('.'), initial: '', description: inOneLine(description) }];
}

const inOneLine = (text: string): string =>
  text
    .replaceAll(/\s*\n\s*/g, ' ')
    .replaceAll('|', '\\|')
    .trim();

function codeOf(value: unknown): string {
  const json = isScalar(value) ? JSON.stringify(value.value) : JSON.stringify((value as YAMLMap).toJSON());
  return `\`${json}\``;
}
