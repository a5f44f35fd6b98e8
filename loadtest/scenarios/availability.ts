/**
 * One arrival rate, every sample tagged by whether it began before, during or after a fault that somebody else brings about.
 * Variables: RATE per second, BEFORE_SECONDS, DURING_SECONDS, AFTER_SECONDS, GOAL (percent of each phase that must be
 * acknowledged); and those that lib/settings.ts reads. The first line of the log tells when the time before begins.
 */
import { rules } from './lib/rules.ts';
import { scenario } from './lib/scenario.ts';
import { one, readSettings } from './lib/settings.ts';

const settings = readSettings(__ENV, rules.availability);

let from = 0;
const phases = ['before', 'during', 'after'].map((name) => {
  const seconds = one(settings, `${name.toUpperCase()}_SECONDS`);
  from += seconds;
  return { name, from: from - seconds, seconds, rate: one(settings, 'RATE'), goal: one(settings, 'GOAL') / 100 };
});

const { options, setup, order, handleSummary } = scenario('availability', settings, phases);

export { handleSummary, options, order as default, setup };
