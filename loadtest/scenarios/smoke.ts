/** A few orders; each must be acknowledged. Variables: RATE per second, SECONDS, and those of lib/settings.ts. */
import { RULES } from './lib/rules.ts';
import { createScenario } from './lib/scenario.ts';
import { numberOf, readSettings } from './lib/settings.ts';

const settings = readSettings(__ENV, RULES.smoke);

const { options, setup, order, handleSummary } = createScenario('smoke', settings, [
  { name: 'smoke', from: 0, seconds: numberOf(settings, 'SECONDS'), rate: numberOf(settings, 'RATE'), goal: 1 },
]);

export { handleSummary, options, order as default, setup };
