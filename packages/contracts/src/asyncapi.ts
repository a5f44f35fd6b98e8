import { cloudEvent, dataSchemaOf } from './cloud-event.ts';
import { CONTRACT_VERSION } from './http/openapi.ts';
import { clientName } from './ids.ts';
import { type Direction, jsonSchemaOf } from './json-schema.ts';
import { type MessageType, messageData } from './messages.ts';
import samples from './samples/messages.json' with { type: 'json' };
import { type Party, SENDERS } from './senders.ts';
import { OUTCOME_TYPES, outcomeTopic, TOPICS, type Topic } from './topics.ts';

/** A channel that a service sends to or receives from. */
interface ChannelUse {
  readonly address: string;
  readonly action: 'send' | 'receive';
  readonly types: readonly MessageType[];
}

/** Every channel that a service sends to or receives from. */
function usesOf(service: Party): ChannelUse[] {
  const sent = (types: readonly MessageType[]) => types.filter((type) => SENDERS[type] === service);
  const all: ChannelUse[] = Object.values<Topic>(TOPICS).flatMap(({ name: address, types, subscriber }) => [
    { address, action: 'send', types: sent(types) },
    { address, action: 'receive', types: subscriber === service ? types : [] },
  ]);
  const outcomes: ChannelUse = { address: outcomeTopic('{client}'), action: 'send', types: sent(OUTCOME_TYPES) };
  return [...all, outcomes].filter(({ types }) => types.length > 0);
}

/** Facts about a message that its schema does not contain. */
const DESCRIPTIONS: Partial<Record<MessageType, string>> = {
  'com.standing-order.create-order.v1':
    'Repeat this message until its outcome or refusal arrives. A message that cannot be stored for a long time, as in an outage of ' +
    'the state store, becomes a dead letter without a reply. Equal messages create one order.',
};

const keyOf = (address: string): string => address.replaceAll(/[{}]/g, '');
const nameOf = (type: MessageType): string => type.slice('com.standing-order.'.length);

/** An AsyncAPI 3 document, with the parts that code reads. */
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
        'Each message is a CloudEvent 1.0 in structured mode, on the Dapr pub/sub component `messages`. The version is part of the ' +
        'type and never changes. Unknown fields are ignored, except in the `request` of create-order: it is refused for them, ' +
        'like POST /orders. An invalid message goes to the topic of the same name with the suffix `-dead`, with the reason. ' +
        'A message that is not a JSON object is put there unchanged by the sidecar of the receiver; only the log of that ' +
        'sidecar has the reason ("error deserializing").',
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

function operationOf({ address, action, types }: ChannelUse): object {
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
  const description = DESCRIPTIONS[type];
  return {
    name: type,
    ...(description !== undefined && { description }),
    payload: { ...envelope, properties: { ...envelope.properties, type: { const: type }, data } },
    examples: samples.filter((sample) => sample.type === type).map((payload) => ({ payload })),
  };
}
