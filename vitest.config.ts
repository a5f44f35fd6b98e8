import { defineConfig } from 'vitest/config';

const minute = 60_000;

/** Unit tests may run together; the simulation and the integration tests each want the machine for themselves. */
export default defineConfig({
  test: {
    teardownTimeout: minute,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{services,deploy,loadtest}/**/*.unit.test.ts'],
          testTimeout: minute, // a busy machine is no failure
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'simulation',
          include: ['services/platform/outbox/simulation/*.sim.test.ts'],
          testTimeout: 20 * minute,
          hookTimeout: minute,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'integration',
          include: ['{services,deploy,loadtest,tests}/**/*.int.test.ts'],
          fileParallelism: false,
          testTimeout: 5 * minute,
          hookTimeout: 30 * minute, // a first hook may have to build daprd
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
