import type { Random } from '../ports.ts';

/** A name that no other process has: 120 random bits, safe to use inside a key. */
export const randomName = (random: Random): string => {
  let name = '';
  for (let i = 0; i < 24; i++) name += Math.floor(random() * 32).toString(32);
  return name;
};
