/** A few orders; each must be taken. Variables: RATE per second, SECONDS; and those that lib/settings.ts reads. */
import { rules } from './lib/rules.ts';
import { scenario } from './lib/scenario.ts';
import { one, readSettings } from './lib/settings.ts';

const settings = readSettings(__ENV, rules.smoke);

const { options, setup, order, handleSummary } = scenario('smoke', settings, [
  { name: 'smoke', from: 0, seconds: one(settings, 'SECONDS'), rate: one(settings, 'RATE'), goal: 1 },
]);

export { handleSummary, options, order as default, setup };
