import { describe, expect, it } from 'vitest';
import { lintProse } from './prose/lint.ts';

async function findings(source: string, path = 'example.md'): Promise<string[]> {
  const messages = await lintProse(path, source);
  return messages.map(({ line, column, ruleId, message }) => `${line}:${column} ${ruleId} ${message.split(':')[0]}`);
}

describe('the wording that is refused', () => {
  it.each([
    ['Nobody is there.', '1:1 vague-pronoun "Nobody"'],
    ['The store sends it to whoever asks.', '1:23 vague-pronoun "whoever"'],
    ['It works for everyone and no one.', '1:14 vague-pronoun "everyone"', '1:27 vague-pronoun "no one"'],
    ['Nothing is stored.', '1:1 nothing "Nothing"'],
    ['After that nothing has changed.', '1:12 nothing "nothing"'],
    ['It sends what is missing.', '1:10 headless-relative "what is"'],
    ['What has come is stored.', '1:1 headless-relative "What has"'],
    ['The lab shows who is back.', '1:15 headless-relative "who is"'],
    ['Whose lease is over stops.', '1:1 headless-relative "Whose"'],
    ['One that fails is retried.', '1:1 headless-relative "One that"'],
    ['The relay says it.', '1:11 personified-part "says"'],
    ['The client is told later.', '1:12 personified-part "is told"'],
    ['The replicas know it.', '1:5 personified-part "replicas know"'],
    [`${'word '.repeat(41)}.`, '1:1 sentence-length a sentence of 41 words'],
  ])('%s', async (source, ...expected) => {
    expect(await findings(source)).toEqual(expected);
  });

  it('is accompanied by advice', async () => {
    const [message] = await lintProse('example.md', 'Somebody calls.');
    expect(message?.message).toBe('"Somebody": name the person, role or thing');
  });
});

describe('the wording that is accepted', () => {
  it.each([
    'The relay sends the missing commands of an order, and a validator that is down receives them later.',
    'What is an order?',
    'The handler returns nothing.',
    '(nothing-stored is a name)',
    'A person who is signed in may read the order.',
    'The word `nobody` is quoted, and so is ``what `is` missing``.',
    'Known values are distinguished by [a link](https://example.com/nobody/what-is).',
    '```\nnobody says what is missing\n```',
    `${'Word '.repeat(40)}. ${'Word '.repeat(40)}.`,
  ])('%s', async (source) => {
    expect(await findings(source)).toEqual([]);
  });
});

describe('prose is found', () => {
  it('in comments of TypeScript, across their lines', async () => {
    const source = [
      '/**',
      ' * The store keeps what',
      ' * is missing.',
      ' * @param nobody the `somebody`',
      ' */',
      'const nobody = 1; // whatever',
      '// The relay says: what',
      '// is over.',
    ];
    expect(await findings(source.join('\n'), 'example.ts')).toEqual([
      '2:20 headless-relative "what is"',
      '4:11 vague-pronoun "nobody"',
      '6:22 vague-pronoun "whatever"',
      '7:14 personified-part "says"',
      '7:20 headless-relative "what is"',
    ]);
  });

  it('in string and template literals of at least three words', async () => {
    const source = [
      "const a = 'nobody is\\nnobody';",
      `const b = \`It was whatever $\{\`nobody comes here\`}\`;`,
      "const c = 'nobody';",
    ];
    expect(await findings(source.join('\n'), 'example.ts')).toEqual([
      '1:12 vague-pronoun "nobody"',
      '1:23 vague-pronoun "nobody"',
      '2:19 vague-pronoun "whatever"',
      '2:31 vague-pronoun "nobody"',
    ]);
  });

  it('in texts for users without any "nothing", which a test may use as an object', async () => {
    const source = "fail('it has stored nothing');";
    expect(await findings(source, 'example.ts')).toEqual(['1:21 nothing "nothing"']);
    expect(await findings(source, 'example.unit.test.ts')).toEqual([]);
  });

  it('in comments and values of YAML, also of a template', async () => {
    const source = [
      '# -- What is',
      '# missing.',
      'message: "nobody is here" # whoever',
      'plain: nobody: is key',
      '{{- /* Nobody. */ -}}',
      '{{- if .x }}{{ fail "whatever is wrong" }}{{ end }}',
    ];
    expect(await findings(source.join('\n'), 'example.yaml')).toEqual([
      '1:6 headless-relative "What is"',
      '3:11 vague-pronoun "nobody"',
      '3:29 vague-pronoun "whoever"',
      '5:8 vague-pronoun "Nobody"',
      '6:22 vague-pronoun "whatever"',
    ]);
  });

  it('in the notes of the chart, in Dockerfiles and in Go', async () => {
    expect(await findings('Installed.\n{{ if .a }}\nNobody is asked.\n{{ end }}', 'NOTES.txt')).toEqual([
      '3:1 vague-pronoun "Nobody"',
    ]);
    expect(await findings('FROM node\n# What is needed.', 'deploy/images/Dockerfile')).toEqual([
      '2:3 headless-relative "What is"',
    ]);
    expect(await findings('package tools\n\n// Whatever is used.', 'tools.go')).toEqual([
      '3:4 vague-pronoun "Whatever"',
    ]);
  });

  it('in tables and lists of Markdown, each on its own', async () => {
    expect(await findings('| a | b |\n|---|---|\n| nobody | x |\n\n- item\n- whoever\n')).toEqual([
      '3:3 vague-pronoun "nobody"',
      '6:3 vague-pronoun "whoever"',
    ]);
  });
});
