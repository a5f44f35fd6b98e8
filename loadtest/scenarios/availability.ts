/**
 * One arrival rate. Every sample has a tag: sent before, during or after a fault that the user applies.
 * Variables: RATE per second, BEFORE_SECONDS, DURING_SECONDS, AFTER_SECONDS, GOAL (percentage of each phase that must be
 * acknowledged), and those of lib/settings.ts. The first line of the log has the start of the first phase.
 */
import { RULES } from './lib/rules.ts';
import { createScenario } from './lib/scenario.ts';
import { numberOf, readSettings } from './lib/settings.ts';

const settings = readSettings(__ENV, RULES.availability);

let from = 0;
const phases = ['before', 'during', 'after'].map((name) => {
  const seconds = numberOf(settings, `${name.toUpperCase()}_SECONDS`);
  from += seconds;
  return {
    name,
    from: from - seconds,
    seconds,
    rate: numberOf(settings, 'RATE'),
    goal: numberOf(settings, 'GOAL') / 100,
  };
});

const { options, setup, order, handleSummary } = createScenario('availability', settings, phases);

export { handleSummary, options, order as default, setup };
