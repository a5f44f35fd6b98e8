import { cloudEvent, dataSchemaOf } from './cloud-event.ts';
import { CONTRACT_VERSION } from './http/openapi.ts';
import { clientName } from './ids.ts';
import { type Direction, jsonSchemaOf } from './json-schema.ts';
import { type MessageType, messageData } from './messages.ts';
import samples from './samples/messages.json' with { type: 'json' };
import { type Party, SENDERS } from './senders.ts';
import { OUTCOME_TYPES, outcomeTopic, TOPICS, type Topic } from './topics.ts';

/** What one service has to do with one channel. */
interface Use {
  readonly address: string;
  readonly action: 'send' | 'receive';
  readonly types: readonly MessageType[];
}

/** Every channel that a service sends to or receives from. */
function usesOf(service: Party): Use[] {
  const sent = (types: readonly MessageType[]) => types.filter((type) => SENDERS[type] === service);
  const all: Use[] = Object.values<Topic>(TOPICS).flatMap(({ name: address, types, subscriber }) => [
    { address, action: 'send', types: sent(types) },
    { address, action: 'receive', types: subscriber === service ? types : [] },
  ]);
  const outcomes: Use = { address: outcomeTopic('{client}'), action: 'send', types: sent(OUTCOME_TYPES) };
  return [...all, outcomes].filter(({ types }) => types.length > 0);
}

/** What a reader of the schema alone would not know. */
const remarks: Partial<Record<MessageType, string>> = {
  'com.standing-order.create-order.v1':
    'To be sent again until its outcome or refusal is heard: what cannot be stored for long, as in an outage of the state ' +
    'store, ends in the dead letters without an answer. Equal ones are one order.',
};

const keyOf = (address: string): string => address.replaceAll(/[{}]/g, '');
const nameOf = (type: MessageType): string => type.slice('com.standing-order.'.length);

/** An AsyncAPI 3 document, as far as something beside its readers looks into it. */
export interface AsyncApi {
  readonly operations: Readonly<Record<string, object>>;
  readonly [section: string]: unknown;
}

/** The AsyncAPI 3 document of a service's messages, from the schemas that its code validates with. */
export function asyncApiOf(service: Topic['subscriber']): AsyncApi {
  const uses = usesOf(service);
  return {
    asyncapi: '3.0.0',
    info: {
      title: `Standing Order: messages of the ${service} service`,
      version: CONTRACT_VERSION,
      description:
        'Each message is a CloudEvent 1.0 in structured mode, on the Dapr pub/sub component `messages`. A version is part of its ' +
        'type and never changes; unknown fields are ignored, but in the `request` of create-order, which is refused for them as ' +
        'POST /orders is. What a receiver cannot read goes to the topic of the same name with ' +
        '`-dead` behind it, with the reason. What is not even a JSON object is put there by the sidecar of the receiver, ' +
        'as it came; the reason is in the log of that sidecar alone ("error deserializing").',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/cloudevents+json',
    channels: Object.fromEntries(uses.map(({ address, types }) => [keyOf(address), channelOf(address, types)])),
    operations: Object.fromEntries(uses.map((use) => [`${use.action}-${keyOf(use.address)}`, operationOf(use)])),
    components: {
      messages: Object.fromEntries(
        uses.flatMap(({ action, types }) =>
          types.map((type) => [nameOf(type), messageOf(type, action === 'receive' ? 'read' : 'written')]),
        ),
      ),
    },
  };
}

function channelOf(address: string, types: readonly MessageType[]): object {
  const parameters = { client: { description: `Name of the client: ${jsonSchemaOf(clientName, 'read').pattern}` } };
  return {
    address,
    ...(address.includes('{') && { parameters }),
    messages: Object.fromEntries(
      types.map((type) => [nameOf(type), { $ref: `#/components/messages/${nameOf(type)}` }]),
    ),
  };
}

function operationOf({ address, action, types }: Use): object {
  const channel = `#/channels/${keyOf(address)}`;
  return {
    action,
    channel: { $ref: channel },
    messages: types.map((type) => ({ $ref: `${channel}/messages/${nameOf(type)}` })),
  };
}

function messageOf(type: MessageType, direction: Direction): object {
  const envelope = jsonSchemaOf(cloudEvent, direction, 'draft-7');
  const data = { $id: dataSchemaOf(type), ...jsonSchemaOf(messageData[type], direction, 'draft-7') };
  const description = remarks[type];
  return {
    name: type,
    ...(description !== undefined && { description }),
    payload: { ...envelope, properties: { ...envelope.properties, type: { const: type }, data } },
    examples: samples.filter((sample) => sample.type === type).map((payload) => ({ payload })),
  };
}
