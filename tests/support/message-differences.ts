import { type CloudEvent, entriesOf, type MessageType } from '@standing-order/contracts';
import { createAjv } from './json-schema.ts';

/** The parts of an AsyncAPI document that describe messages. */
interface AsyncApi {
  readonly channels: Readonly<Record<string, { readonly address: string }>>;
  readonly components: { readonly messages: Readonly<Record<string, Described>> };
}
interface Described {
  readonly name: MessageType;
  readonly payload: { readonly properties: { readonly data: { readonly $id: string } } };
  readonly 'x-entry-types'?: readonly string[];
}

/**
 * The types of the messages on the channels of these documents, and each difference of a message from the document.
 *
 * @param messagesOf reads the messages on a channel by its address
 */
export async function messageDifferences(
  documents: readonly AsyncApi[],
  // biome-ignore lint/suspicious/noExplicitAny: messages are compared with their schemas here
  messagesOf: (address: string) => Promise<readonly any[]>,
) {
  const types = new Set<string>();
  const found: string[] = [];
  for (const { channels, components } of documents) {
    for (const { address } of Object.values(channels)) {
      for (const event of await messagesOf(address)) {
        const described = Object.values(components.messages).find(({ name }) => name === event.type);
        if (!described) continue;
        const { payload, 'x-entry-types': entryTypes } = described;
        types.add(event.type);
        if (entryTypes) {
          const entries = entriesOf(event) as readonly CloudEvent[];
          // Another sender's batch, which its own document and that of the receiver describe.
          if (!entries.every(({ type }) => entryTypes.some((known) => type.endsWith(`.${known}`)))) continue;
          for (const { type } of entries) types.add(type);
        }
        const validator = createAjv();
        validator.validate(payload, event);
        for (const error of validator.errors ?? []) found.push(`${event.type}: ${error.instancePath} ${error.message}`);
        if (event.dataschema !== payload.properties.data.$id) found.push(`${event.type}: ${event.dataschema}`);
        if (event.data.orderId && event.subject !== event.data.orderId) found.push(`${event.type}: ${event.subject}`);
      }
    }
  }
  return { types, found };
}
