/** The versions of a tool that will do: from `atLeast`, and before `below` where later ones are not known to work. */
export interface Range {
  readonly atLeast: string;
  readonly below?: string;
}

/** A program that was found, and what it says of itself; `version` is absent when it names none. */
export interface Candidate {
  readonly path: string;
  readonly version?: string;
}

/** The first candidate that will do, and for each one before it a sentence on why it was passed over. */
export interface Choice {
  readonly chosen?: Candidate;
  readonly refused: readonly string[];
}

/** The first version number in what a program prints about itself, such as `7.0.15` in `Redis server v=7.0.15 sha=0`. */
export function parseVersion(text: string): string | undefined {
  // The 6 of k6 is no version.
  return /(?<![a-z])v?(\d+(?:\.\d+){0,2})/i.exec(text)?.[1];
}

/** Negative, zero or positive as `a` is older than, the same as or newer than `b`; missing parts count as 0. */
function compareVersions(a: string, b: string): number {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (let part = 0; part < Math.max(left.length, right.length); part += 1) {
    const difference = (left[part] ?? 0) - (right[part] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Why this version will not do, or undefined if it will. */
export function unfit(version: string | undefined, wanted: Range): string | undefined {
  if (version === undefined) return 'names no version';
  if (compareVersions(version, wanted.atLeast) < 0) return `is ${version}, too old`;
  if (wanted.below !== undefined && compareVersions(version, wanted.below) >= 0) return `is ${version}, too new`;
  return undefined;
}

/** The range in words: `7 or newer`, `1.18.1 or newer, before 1.19`. */
function describeRange(wanted: Range): string {
  return `${wanted.atLeast} or newer${wanted.below === undefined ? '' : `, before ${wanted.below}`}`;
}

/** Takes candidates in order of preference. */
export function choose(candidates: readonly Candidate[], wanted: Range): Choice {
  const refused: string[] = [];
  for (const candidate of candidates) {
    const reason = unfit(candidate.version, wanted);
    if (reason === undefined) return { chosen: candidate, refused };
    refused.push(`${candidate.path} ${reason}: not used (wanted: ${describeRange(wanted)})`);
  }
  return { refused };
}
