import { glob } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { ToolName } from '../../deploy/tools/src/index.ts';

const root = resolve(import.meta.dirname, '../..');

/** Which integration tests need a tool. What is not here, all of them need. */
const users: Partial<Record<ToolName, readonly string[]>> = {
  kafka: ['**/*.kafka.int.test.ts', 'tests/platform/dead-replica.int.test.ts'],
  java: ['**/*.kafka.int.test.ts', 'tests/platform/dead-replica.int.test.ts'],
  postgres: [
    '**/*.postgresql.int.test.ts',
    'deploy/local/test/endings.int.test.ts',
    'packages/dapr/src/sidecar.int.test.ts',
    'packages/entity-store/src/paged-log/paged-log.int.test.ts',
    'tests/platform/{load,state-store,notification.kafka}.int.test.ts',
  ],
  // The one test that opens a browser leaves itself out.
  chromium: [],
  helm: ['tests/chart/*.int.test.ts'],
  kubeconform: ['tests/chart/*.int.test.ts'],
  k6: ['tests/platform/load.int.test.ts'],
};

/** Whether no integration test at all can run without it. */
export const isNeededByAll = (tool: ToolName): boolean => users[tool] === undefined;

/** The integration tests that cannot run without these tools, by their paths from the root, and what each is missing. */
export async function testsThatNeed(tools: readonly ToolName[]): Promise<ReadonlyMap<string, readonly ToolName[]>> {
  const missing = new Map<string, ToolName[]>();
  for (const tool of tools)
    for await (const file of glob(users[tool] ?? [], { cwd: root, exclude: ['**/node_modules'] }))
      missing.set(file, [...(missing.get(file) ?? []), tool]);
  return missing;
}
