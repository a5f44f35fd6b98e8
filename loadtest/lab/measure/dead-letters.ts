import { connectBroker } from '../../deadletters/connect.ts';
import { readDeadLetter } from '../../deadletters/dead-letter.ts';

/** The number of messages that were put aside on a broker, by topic and reason. */
export async function countDeadLetters(brokerUrl: string): Promise<Record<string, number>> {
  const broker = await connectBroker(brokerUrl);
  try {
    const letters = (await broker.list()).map(readDeadLetter);
    const groups = Map.groupBy(letters, ({ topic, reason }) => `${topic}: ${reason}`);
    return Object.fromEntries([...groups].map(([name, { length }]) => [name, length]));
  } finally {
    await broker.close();
  }
}
