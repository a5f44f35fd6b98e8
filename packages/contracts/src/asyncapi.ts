import { BATCH_ENTRY_TYPES, type BatchType, batchSchema, batchTypeOf, isBatchType } from './batches.ts';
import { cloudEvent, dataSchemaOf } from './cloud-event.ts';
import { CONTRACT_VERSION } from './http/openapi.ts';
import { clientName } from './ids.ts';
import { type Direction, jsonSchemaOf } from './json-schema.ts';
import { type MessageType, messageData } from './messages.ts';
import batchSamples from './samples/batches.json' with { type: 'json' };
import samples from './samples/messages.json' with { type: 'json' };
import { type Party, SENDERS } from './senders.ts';
import { OUTCOME_TYPES, outcomeTopic, TOPICS, type Topic } from './topics.ts';

/** A channel that a service sends to or receives from. */
interface ChannelUse {
  readonly address: string;
  readonly action: 'send' | 'receive';
  readonly types: readonly (MessageType | BatchType)[];
}

/** Every channel that a service sends to or receives from. */
function usesOf(service: Party): ChannelUse[] {
  const sent = (types: readonly MessageType[]) => types.filter((type) => SENDERS[type] === service);
  const withBatch = (topic: string, types: readonly MessageType[]) => {
    const batch = batchTypeOf(topic);
    const isCarried = batch !== undefined && types.some((type) => carries(batch, type));
    return isCarried ? [...types, batch] : types;
  };
  const all: ChannelUse[] = Object.values<Topic>(TOPICS).flatMap(({ name: address, types, subscriber }) => [
    { address, action: 'send', types: withBatch(address, sent(types)) },
    { address, action: 'receive', types: subscriber === service ? withBatch(address, types) : [] },
  ]);
  const channel = outcomeTopic('{client}');
  const outcomes: ChannelUse = { address: channel, action: 'send', types: withBatch(channel, sent(OUTCOME_TYPES)) };
  return [...all, outcomes].filter(({ types }) => types.length > 0);
}

const carries = (batch: BatchType, type: MessageType): boolean =>
  (BATCH_ENTRY_TYPES[batch] as readonly MessageType[]).includes(type);

/** Facts about a message that its schema does not contain. */
const BATCH_DESCRIPTION =
  'The messages about many orders in one. Each entry is a message of its own: it has its own trace context, and an entry that is ' +
  'invalid becomes a dead letter alone. Its subject is its order id, or its correlation id if it has no order yet, and its other ' +
  'attributes are those of the batch. An entry without an answer is sent again, in a message of its own.';
const DESCRIPTIONS: Partial<Record<MessageType | BatchType, string>> = {
  'com.standing-order.consumer-commands-batch.v1': BATCH_DESCRIPTION,
  'com.standing-order.restaurant-commands-batch.v1': BATCH_DESCRIPTION,
  'com.standing-order.order-replies-batch.v1': BATCH_DESCRIPTION,
  'com.standing-order.order-requests-batch.v1': BATCH_DESCRIPTION,
  'com.standing-order.order-confirmations-batch.v1': BATCH_DESCRIPTION,
  'com.standing-order.order-outcomes-batch.v1': `${BATCH_DESCRIPTION} Only requests with \`readsBatches\` get it.`,
  'com.standing-order.create-order.v1':
    'Repeat this message until its outcome or refusal arrives. A message that cannot be stored for a long time, as in an outage of ' +
    'the state store, becomes a dead letter without a reply. Equal messages create one order.',
};

const keyOf = (address: string): string => address.replaceAll(/[{}]/g, '');
const nameOf = (type: string): string => type.slice('com.standing-order.'.length);

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
          types.map((type) => [nameOf(type), messageOf(service, type, action === 'receive' ? 'read' : 'written')]),
        ),
      ),
    },
  };
}

function channelOf(address: string, types: readonly string[]): object {
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

/** The types of the entries that the service sends or receives in a batch message. */
function entryTypesOf(service: Party, batch: BatchType, direction: Direction): readonly MessageType[] {
  return BATCH_ENTRY_TYPES[batch].filter((type) => direction === 'read' || SENDERS[type] === service);
}

/** Whether all entries of a batch message are of these types. */
const isOf =
  (types: readonly string[]) =>
  ({ data }: (typeof batchSamples)[number]): boolean =>
    data.entries.every(({ type }) => types.includes(type));

function messageOf(service: Party, type: MessageType | BatchType, direction: Direction): object {
  const envelope = jsonSchemaOf(cloudEvent, direction, 'draft-7');
  const entryTypes = isBatchType(type) && entryTypesOf(service, type, direction);
  const schema = entryTypes ? batchSchema(entryTypes) : messageData[type as MessageType];
  const data = { $id: dataSchemaOf(type), ...jsonSchemaOf(schema, direction, 'draft-7') };
  const description = DESCRIPTIONS[type];
  return {
    name: type,
    ...(description !== undefined && { description }),
    ...(entryTypes && { 'x-entry-types': entryTypes.map(nameOf) }),
    payload: { ...envelope, properties: { ...envelope.properties, type: { const: type }, data } },
    examples: (entryTypes ? batchSamples.filter(isOf(entryTypes)) : samples)
      .filter((sample) => sample.type === type)
      .map((payload) => ({ payload })),
  };
}
