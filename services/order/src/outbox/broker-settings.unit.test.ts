import { expect, test } from 'vitest';
import { orderConfig } from '../config.ts';
import { brokerSettings } from './broker-settings.ts';

test.each([
  [
    'on Kafka an overtaken message is counted as lost sooner, commands wait to fill a message, and a first verdict waits answered',
    'kafka',
    { reorderMs: 1_000, fillMs: 200, holdMs: 200, answerHeld: true, replyWrites: 2, joinWrites: true },
  ],
  [
    'on Redis a reply on one lane is evidence for all lanes, also soon, and a first verdict waits for the second',
    'redis',
    { reorderMs: 1_000, sharedEvidence: true, holdMs: 20 },
  ],
  ['without a configured broker the defaults hold', undefined, {}],
])('%s', (_, broker, settings) => {
  expect(brokerSettings(orderConfig.shape.BROKER.parse(broker))).toEqual(settings);
});
