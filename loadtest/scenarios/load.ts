/**
 * Arrival rates in steps, until it no longer keeps up: the first step must be acknowledged, the others tell how far it goes.
 * Variables: STEPS (rates per second), STEP_SECONDS; and those that lib/settings.ts reads.
 */
import { rules } from './lib/rules.ts';
import { scenario } from './lib/scenario.ts';
import { one, readSettings } from './lib/settings.ts';

/** For what the step before has left to be answered. */
const PAUSE_SECONDS = 2;

const settings = readSettings(__ENV, rules.load);
const seconds = one(settings, 'STEP_SECONDS');

const { options, setup, order, handleSummary } = scenario(
  'load',
  settings,
  (settings.numbers.STEPS ?? []).map((rate, step) => ({
    name: `step-${step + 1}`,
    from: step * (seconds + PAUSE_SECONDS),
    seconds,
    rate,
    goal: step === 0 ? 0.99 : 0,
  })),
);

export { handleSummary, options, order as default, setup };
