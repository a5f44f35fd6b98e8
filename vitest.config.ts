import { defineConfig } from 'vitest/config';
import { LongestFirst } from './tests/runner/longest-first.ts';

const minute = 60_000;

/** Each kind of tests has the machine for itself. Integration tests mostly wait, so three files share two processors. */
export default defineConfig({
  test: {
    teardownTimeout: minute,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{packages,services,deploy,loadtest,tests}/**/*.unit.test.ts'],
          maxWorkers: '100%',
          testTimeout: minute, // a busy machine is no failure
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'simulation',
          include: ['packages/outbox/simulation/*.sim.test.ts'],
          maxWorkers: '100%',
          testTimeout: 20 * minute,
          hookTimeout: minute,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'integration',
          include: ['{packages,services,deploy,loadtest,tests}/**/*.int.test.ts'],
          maxWorkers: 3,
          testTimeout: 5 * minute,
          hookTimeout: 30 * minute, // a first hook may have to build daprd
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
