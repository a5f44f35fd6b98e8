import { resolve } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const root = resolve(import.meta.dirname, '../..');

/**
 * The files that take longest, as measured. Vitest knows how long a file took last time, but in a fresh clone it goes by their
 * sizes, which say nothing where a file mostly waits.
 */
const longest = [
  'tests/platform/notification.int.test.ts',
  'tests/platform/notification.kafka.int.test.ts',
  'tests/platform/outages.postgresql.int.test.ts',
  'tests/platform/outcomes.int.test.ts',
  'tests/platform/outages.redis.int.test.ts',
  'tests/platform/load.int.test.ts',
  'tests/platform/messaging.kafka.int.test.ts',
  'tests/platform/replication.int.test.ts',
  'deploy/local/test/start.int.test.ts',
  'deploy/local/test/replicas.kafka.int.test.ts',
  'tests/platform/frozen-replica.int.test.ts',
  'tests/platform/story.kafka.int.test.ts',
  'tests/platform/story.redis.int.test.ts',
  'tests/platform/trace.redis.int.test.ts',
  'tests/platform/trace.kafka.int.test.ts',
  'packages/outbox/simulation/variants.sim.test.ts',
].map((path) => resolve(root, path));

const rank = ({ moduleId }: TestSpecification): number => {
  const place = longest.indexOf(moduleId);
  return place < 0 ? longest.length : place;
};
const group = ({ project }: TestSpecification): number => project.config.sequence.groupOrder;

/** Begins the files that take longest first, so that no worker is left with one of them while the others have nothing to do. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => group(a) - group(b) || rank(a) - rank(b));
  }
}
