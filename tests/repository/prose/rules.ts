import type { TextlintKernelRule } from '@textlint/kernel';

/** A kind of wording to avoid, in a regular expression; the message is the matched words and the advice. */
interface Wording {
  readonly rule: string;
  readonly pattern: RegExp;
  readonly advice: string;
  /** Only in texts that users read: string literals outside of tests, messages and values of the chart. */
  readonly publicTextsOnly?: true;
  /** A question may use these words. */
  readonly unlessQuestion?: true;
}

const MAX_WORDS_OF_A_SENTENCE = 40;
const VERB = [
  "is|isn't|are|aren't|was|wasn't|were|has|had|have|does|did|do|will|would|can|could|should|must|may|might",
  'stands?|comes?|came|goes|went|gone|stays?|stayed|remains?|remained|follows?|followed|belongs?|needs?|needed',
  'holds|held|makes?|made|counts?|counted|runs?|ran|waits?|waited|fails?|failed|arrives?|arrived|matters?',
].join('|');
const CLAUSE_START = String.raw`(?<=^[\s"'(]*|[;:(]\s*)`;
const AFTER_A_WORD = String.raw`(?<=\b(?:of|by|for|to|from|with|about|on|at|and|or|but|than|that|if|when|while|see|sees|show|shows|list|lists|knows?|tells?|says?) )`;

const WORDINGS: readonly Wording[] = [
  {
    rule: 'vague-pronoun',
    pattern:
      /\b(?:nobody|no-one|no one|somebody|someone|anybody|anyone|everybody|everyone|who(?:m|so)?ever|whatever)(?:['’]s)?\b/giu,
    advice: 'name the person, role or thing',
  },
  {
    rule: 'nothing',
    pattern: /\bnothing\b(?!-)/giu,
    publicTextsOnly: true,
    advice: 'name the thing that is absent, or use "no" with a noun',
  },
  {
    rule: 'nothing',
    pattern: new RegExp(String.raw`${CLAUSE_START}nothing\b(?!-)|\bnothing(?= (?:else )?(?:${VERB})\b)`, 'giu'),
    advice: 'make a named thing the subject: "no request is lost"',
  },
  {
    rule: 'headless-relative',
    pattern: new RegExp(
      String.raw`\bwhat(?: (?:else|also|now|then|still|only|never|already|once))? (?:${VERB})\b|\bwhat['’]s\b`,
      'giu',
    ),
    unlessQuestion: true,
    advice: 'use a noun: "the missing orders", not "what is missing"',
  },
  {
    rule: 'headless-relative',
    pattern: new RegExp(String.raw`(?:${CLAUSE_START}|${AFTER_A_WORD})(?:who|whom) (?:${VERB})\b`, 'giu'),
    unlessQuestion: true,
    advice: 'use a noun: "the live writers", not "who is there"',
  },
  {
    rule: 'headless-relative',
    pattern: new RegExp(
      String.raw`${CLAUSE_START}(?:whose|one (?:that|who|which|whose)|those (?:that|who|which|whose)|that which)\b`,
      'giu',
    ),
    unlessQuestion: true,
    advice: 'begin with the noun that is meant',
  },
  {
    rule: 'personified-part',
    pattern:
      /\b(?:says|tells|hears|knows|forgets|learns)\b|\b(?:is|are|was|were|be|been|being|has|have|had|gets?|got) (?:not |never |also |only |once )?(?:told|heard|forgotten)\b|\b(?:they|which|\w+[^s\W]s) (?:say|tell|hear|know|forget|learn)\b/giu,
    advice: 'parts return, send, receive, log, read, store, delete or detect; a text states',
  },
];

/** One rule of textlint for each kind of wording and one for the length of sentences. */
export const PROSE_RULES: TextlintKernelRule[] = [...new Set(WORDINGS.map(({ rule }) => rule))].map((rule) =>
  sentenceRule(rule, (sentence, kind) => {
    const isQuestion = /\?["')]*\s*$/u.test(sentence);
    const found = new Map<number, string>();
    for (const { pattern, advice, publicTextsOnly, unlessQuestion } of WORDINGS.filter(
      (wording) => wording.rule === rule,
    )) {
      if ((publicTextsOnly && kind !== 'text') || (unlessQuestion && isQuestion)) continue;
      for (const { index, 0: words } of sentence.matchAll(acrossLines(pattern))) {
        if (!found.has(index)) found.set(index, `"${words.replaceAll(/ +/gu, ' ')}": ${advice}`);
      }
    }
    return [...found].map(([index, message]) => ({ index, message }));
  }),
);
PROSE_RULES.push(
  sentenceRule('sentence-length', (sentence, kind) => {
    const words = countWords(sentence);
    if (kind === 'text' || kind === 'test-text' || words <= MAX_WORDS_OF_A_SENTENCE) return [];
    const message = `a sentence of ${words} words: split it; at most ${MAX_WORDS_OF_A_SENTENCE}, better 25`;
    return [{ index: sentence.search(/\S/u), message }];
  }),
);

/** Reports the number of words of each block, for `--count`. */
export const WORD_COUNT: TextlintKernelRule = {
  ...sentenceRule('words', (sentence, kind) => [{ index: 0, message: `${kind} ${countWords(sentence)}` }]),
  options: { severity: 'info' },
};

type Kind = 'comment' | 'markdown' | 'text' | 'test-text';
type Check = (sentence: string, kind: Kind) => { readonly index: number; readonly message: string }[];

/** Checks each sentence of the blocks that the parsers of Markdown and of sources.ts find. */
function sentenceRule(ruleId: string, check: Check): TextlintKernelRule {
  const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' });
  return {
    ruleId,
    rule: ({ report, locator, RuleError, getFilePath }) => {
      const visit =
        (kind: Kind) =>
        (node: { readonly raw: string }): void => {
          for (const { segment, index: start } of segmenter.segment(onlyProse(node.raw))) {
            for (const { index, message } of check(segment, kind)) {
              report(node as never, new RuleError(message, { padding: locator.at(start + index) }));
            }
          }
        };
      const markdown = visit('markdown');
      return {
        Paragraph: markdown,
        Header: markdown,
        TableCell: markdown,
        Comment: visit('comment'),
        Sentence: visit(/\.test\.ts$/u.test(getFilePath() ?? '') ? 'test-text' : 'text'),
      };
    },
  };
}

/** A line break and the mark of a comment on the next line have become spaces. */
function acrossLines({ source, flags }: RegExp): RegExp {
  return new RegExp(source.replaceAll(' ', ' +'), flags);
}

/** Replaces markup by spaces and code by one long word. The length stays, so that positions stay. */
function onlyProse(raw: string): string {
  return raw
    .replace(/(`+)(?!`)[^`](?:.|\n)*?(?<!`)\1(?!`)|\{@link[^}]*\}|\bhttps?:\/\/[^\s)>]+/gu, (code) =>
      'X'.repeat(code.length),
    )
    .replace(
      /\]\([^)]*\)|<\/?[a-z][^>]*>|\$\{|\\[\s\S]|^[ \t]*(?:\/\/+|\/\*+|\*+\/|\*+|#+|>)[ \t]?(?:-- )?|\*+\/$|[*|[\]\r\n]/gmu,
      (markup) => ' '.repeat(markup.length),
    );
}

function countWords(sentence: string): number {
  return sentence.match(/[\p{L}\p{N}](?:[\p{L}\p{N}'’.:/_-]*[\p{L}\p{N}])?/gu)?.length ?? 0;
}
