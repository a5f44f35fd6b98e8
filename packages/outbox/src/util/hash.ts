/** FNV-1a with 32 bits over the UTF-16 units of a string, continuing from `state`. Its low bits are mixed too little for lanes. */
export const fnv1a = (text: string, state = 0x811c9dc5): number => {
  let h = state;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
};

/**
 * A 32-bit hash of a string: FNV-1a with the finalizer of MurmurHash3. It must never change, because lanes are partition
 * keys of messages and every replica has to compute the same value.
 */
export const hash = (text: string): number => {
  let h = fnv1a(text);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
};

/** The lane of a document: an integer from 0 to `lanes` - 1. */
export const laneOf = (id: string, lanes: number): number => hash(id) % lanes;

/**
 * The candidate responsible for `name`, by rendezvous hashing. The result does not depend on the order of the candidates.
 * It changes only when the chosen candidate is removed or a candidate with a higher score is added.
 */
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
