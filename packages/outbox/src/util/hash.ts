/** A well mixed 32-bit hash of a string (FNV-1a, finished as MurmurHash3 does it). The same on every replica, for ever. */
export const hash = (text: string): number => {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
};

/** The lane of a document, 0 to lanes - 1. */
export const laneOf = (id: string, lanes: number): number => hash(id) % lanes;

/** Which of the candidates cares for `name`; all who ask the same question get the same answer. */
export const rendezvous = (name: string, candidates: Iterable<string>): string | undefined => {
  let best: string | undefined;
  let most = -1;
  for (const candidate of candidates) {
    const score = hash(`${name}\n${candidate}`);
    if (score > most || (score === most && best !== undefined && candidate > best)) {
      best = candidate;
      most = score;
    }
  }
  return best;
};
