import type { NumberRule } from './settings.ts';

const seconds = (preset: string): NumberRule => ({ preset, min: 1, max: 3_600, fraction: true });

/** The numbers that each scenario has, by the names of their variables. */
export const rules = {
  smoke: { RATE: { preset: '5', min: 1, max: 100 }, SECONDS: seconds('5') },
  load: { STEPS: { preset: '25,50,100,200,400,800', min: 1, max: 10_000, list: true }, STEP_SECONDS: seconds('10') },
  availability: {
    RATE: { preset: '20', min: 1, max: 10_000 },
    BEFORE_SECONDS: seconds('10'),
    DURING_SECONDS: seconds('20'),
    AFTER_SECONDS: seconds('10'),
    GOAL: { preset: '0', min: 0, max: 100, fraction: true },
  },
} as const satisfies Record<string, Readonly<Record<string, NumberRule>>>;
