import type { NumberRule } from './settings.ts';

const seconds = (value: string): NumberRule => ({ default: value, min: 1, max: 3_600, fraction: true });

/** The numeric variables of each scenario. */
export const RULES = {
  smoke: { RATE: { default: '5', min: 1, max: 100 }, SECONDS: seconds('5') },
  load: { STEPS: { default: '25,50,100,200,400,800', min: 1, max: 10_000, list: true }, STEP_SECONDS: seconds('10') },
  availability: {
    RATE: { default: '20', min: 1, max: 10_000 },
    BEFORE_SECONDS: seconds('10'),
    DURING_SECONDS: seconds('20'),
    AFTER_SECONDS: seconds('10'),
    GOAL: { default: '0', min: 0, max: 100, fraction: true },
  },
} as const satisfies Record<string, Readonly<Record<string, NumberRule>>>;
