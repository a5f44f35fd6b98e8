import { type Message, messageSchema, TOPICS } from '@standing-order/contracts';
import { type HandlingResult, type Sidecar, subscribe } from '@standing-order/dapr';
import type { Token } from '@standing-order/outbox';
import { UnavailableError } from '@standing-order/service-kit/http';
import { countFromZero, meter, runDetached } from '@standing-order/service-kit/telemetry';
import type { Hono } from 'hono';
import type { Ignored, OrderInput } from '../domain/decide.ts';
import type { OrderReply, ReplyRecorder } from '../domain/ports.ts';
import { toVerdict } from '../domain/verdict.ts';
import { SOURCE } from '../outbox/command-transport.ts';
import type { MessageChannel } from '../outbox/document-handler.ts';
import type { TokenFault, TokenSigner } from '../outbox/token-signature.ts';

/** Every type of order-confirmations is also one of order-replies. */
type ReplyMessage = Message<(typeof TOPICS)['order-replies']['types'][number]>;

/** The channel of the command that each type of reply belongs to. */
const CHANNELS = {
  'com.standing-order.consumer-validated.v1': 'consumer',
  'com.standing-order.consumer-refused.v1': 'consumer',
  'com.standing-order.order-details-validated.v1': 'details',
  'com.standing-order.order-details-refused.v1': 'details',
  'com.standing-order.outcome-received.v1': 'response',
  'com.standing-order.settlement-noted.v1': 'notification',
} as const satisfies Record<ReplyMessage['type'], MessageChannel>;

const ALTERED = 'not-as-ordered' satisfies Ignored;

/** The reasons in the dead letters of refused replies. */
export const REFUSALS: Readonly<Record<TokenFault | typeof ALTERED, string>> = {
  unsigned: 'the token of the reply has no signature',
  forged: 'the token of the reply is not the token of a command of this order on this channel',
  [ALTERED]: 'the lines of the verdict are not those of the order, or its amounts do not add up',
};

const deadLettered = meter.createCounter('orders.replies.dead_lettered', {
  description: 'Replies sent to the dead-letter topic since they do not belong to a command of their order, by reason',
});

countFromZero(deadLettered, ...Object.keys(REFUSALS).map((reason) => ({ reason })));

export interface RepliesParts {
  readonly sidecar: Pick<Sidecar, 'publish'>;
  readonly pubsub: string;
  readonly tokens: Pick<TokenSigner, 'verify'>;
  /** Records replies in their orders. One result each, in order; more may follow. Rejects when the state store fails. */
  readonly record: ReplyRecorder['record'];
}

/**
 * Subscribes to `order-replies` and `order-confirmations`. A reply is acknowledged when it is recorded, or ignored for a named
 * reason; on Kafka also when it decides nothing, and waits in memory for the next reply to its order (ADR 0107). A reply that does
 * not belong to a command of its order becomes a dead letter. When the state store fails, the broker delivers the replies again.
 */
export function subscribeToReplies(app: Hono, { sidecar, pubsub, tokens, record }: RepliesParts): void {
  function verify({ message }: { readonly message: ReplyMessage }): OrderReply | TokenFault {
    const { orderId, token } = message.data;
    const verified = tokens.verify(token, orderId, CHANNELS[message.type]);
    return 'fault' in verified ? verified.fault : { id: orderId, reply: toOrderInput(message, verified.token) };
  }

  async function handle(batch: readonly { readonly message: ReplyMessage }[]): Promise<readonly HandlingResult[]> {
    const verified = batch.map(verify);
    const genuine = verified.filter((reply) => typeof reply === 'object');
    const recorded = genuine.length > 0 ? await runDetached(() => record(genuine)).catch(failedToRecord) : [];
    const results = new Map(genuine.map((reply, index) => [reply, recorded[index]]));
    return verified.map((reply) => {
      if (typeof reply === 'string') return refuse(reply);
      const result = results.get(reply);
      return result && 'ignored' in result && result.ignored === ALTERED ? refuse(ALTERED) : 'success';
    });
  }

  for (const topic of [TOPICS['order-replies'], TOPICS['order-confirmations']]) {
    subscribe<ReplyMessage>(app, {
      sidecar,
      pubsub,
      topic,
      source: SOURCE,
      schema: messageSchema(topic.types),
      handle,
    });
  }
}

/** The state store failed, and no single reply is at fault. */
function failedToRecord(cause: unknown): never {
  throw new UnavailableError('the replies could not be recorded', { cause });
}

function refuse(reason: keyof typeof REFUSALS): HandlingResult {
  deadLettered.add(1, { reason });
  return { refused: REFUSALS[reason] };
}

/**
 * Converts a reply to an input of the order.
 *
 * @param token of the command, without its signature
 */
export function toOrderInput(reply: ReplyMessage, token: Token): OrderInput {
  switch (reply.type) {
    case 'com.standing-order.outcome-received.v1':
      return { kind: 'received', token };
    case 'com.standing-order.settlement-noted.v1':
      return { kind: 'noted', token };
    default:
      return toVerdict(reply, token);
  }
}
