import { expect, test } from 'vitest';
import { brokerSettings } from './broker-settings.ts';

const sidecarWith = (...types: string[]) => ({
  metadata: async () => ({
    appId: 'order',
    runtimeVersion: '1.18.1',
    components: types.map((type) => ({
      name: type.startsWith('pubsub') ? 'messages' : 'x',
      type,
      version: 'v1',
      capabilities: [],
    })),
  }),
});

test.each([
  ['on Kafka a message that was overtaken is given up sooner', ['state.redis', 'pubsub.kafka'], { reorderMs: 1_000 }],
  ['on Redis each lane tells of the others', ['state.redis', 'pubsub.redis'], { sharedEvidence: true }],
  ['the default holds where the broker is down, and its component not there', ['state.redis'], {}],
])('%s', async (_, types, settings) => {
  expect(await brokerSettings(sidecarWith(...types), 'messages')).toEqual(settings);
});

test('and where the sidecar does not answer', async () => {
  expect(await brokerSettings({ metadata: () => Promise.reject(new Error('gone')) }, 'messages')).toEqual({});
});
