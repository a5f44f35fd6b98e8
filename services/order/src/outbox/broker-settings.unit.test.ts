import { expect, test } from 'vitest';
import { orderConfig } from '../config.ts';
import { brokerSettings } from './broker-settings.ts';

test.each([
  ['on Kafka a message that was overtaken is given up sooner', 'kafka', { reorderMs: 1_000 }],
  ['on Redis each lane tells of the others', 'redis', { sharedEvidence: true }],
  ['the default holds where nobody says what it is', undefined, {}],
])('%s', (_, broker, settings) => {
  expect(brokerSettings(orderConfig.shape.BROKER.parse(broker))).toEqual(settings);
});
