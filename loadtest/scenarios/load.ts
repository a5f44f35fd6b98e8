/**
 * Arrival rates in steps, beyond the capacity. The first step must be acknowledged; the others show the sustained rate.
 * Variables: STEPS (rates per second), STEP_SECONDS, and those of lib/settings.ts.
 */
import { RULES } from './lib/rules.ts';
import { createScenario } from './lib/scenario.ts';
import { numberOf, readSettings } from './lib/settings.ts';

/** Time for the remaining responses of the step before. */
const PAUSE_SECONDS = 2;

const settings = readSettings(__ENV, RULES.load);
const seconds = numberOf(settings, 'STEP_SECONDS');

const { options, setup, order, handleSummary } = createScenario(
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
