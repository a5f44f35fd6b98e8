import { coerce, gte, lt, type SemVer } from 'semver';

/** The supported versions of a tool: from `atLeast`, and before `below` where later versions may not work. */
export interface VersionRange {
  readonly atLeast: string;
  readonly below?: string;
}

/** A program that was found. `version` is absent if the program prints none. */
export interface Candidate {
  readonly path: string;
  readonly version?: string;
}

/** The first supported candidate, and a sentence for each candidate before it that was rejected. */
export interface Choice {
  readonly chosen?: Candidate;
  readonly rejected: readonly string[];
}

/** The first version number in a program's output, such as `7.0.15` in `Redis server v=7.0.15 sha=0`. */
export function parseVersion(text: string): string | undefined {
  // The 6 of k6 is not a version.
  return /(?<![a-z])v?(\d+(?:\.\d+){0,2})/i.exec(text)?.[1];
}

/** The reason why a version is not supported, or undefined if it is. */
export function unsupportedReason(version: string | undefined, wanted: VersionRange): string | undefined {
  if (version === undefined) return 'prints no version';
  if (lt(toSemver(version), toSemver(wanted.atLeast))) return `is ${version}, too old`;
  if (wanted.below !== undefined && gte(toSemver(version), toSemver(wanted.below))) return `is ${version}, too new`;
  return undefined;
}

/** Missing parts count as 0. */
function toSemver(version: string): SemVer {
  const parsed = coerce(version);
  if (parsed === null) throw new Error(`${version} is not a version`);
  return parsed;
}

/** The range in words: `7 or newer`, `1.18.1 or newer, before 1.19`. */
function describeRange(wanted: VersionRange): string {
  return `${wanted.atLeast} or newer${wanted.below === undefined ? '' : `, before ${wanted.below}`}`;
}

/** Chooses among candidates in order of preference. */
export function choose(candidates: readonly Candidate[], wanted: VersionRange): Choice {
  const rejected: string[] = [];
  for (const candidate of candidates) {
    const reason = unsupportedReason(candidate.version, wanted);
    if (reason === undefined) return { chosen: candidate, rejected };
    rejected.push(`${candidate.path} ${reason}: not used (wanted: ${describeRange(wanted)})`);
  }
  return { rejected };
}
