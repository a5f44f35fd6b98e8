import { defineConfig } from 'vitest/config';
import { ClosingLine } from './tests/runner/closing-line.ts';

const MINUTE_MS = 60_000;

/** Set by `npm test`: the tools that are neither on this machine nor can be had, comma-separated. */
const missing = new Set(process.env.MISSING_TOOLS?.split(','));

/** A test, or with `@module-tag` a file, names the tools beyond daprd and Redis that it needs. */
const tags = [
  'kafka',
  'java',
  'postgres',
  'chromium',
  'helm',
  'kubeconform',
  'k6',
  'toxiproxy-server',
  'prometheus',
  'nginx',
].map((name) => ({
  name,
  description: `needs ${name}`,
  ...(missing.has(name) && { skip: true }),
}));

/** Each project has the machine for itself. Integration tests mostly wait, so three files share two processors. */
export default defineConfig({
  test: {
    teardownTimeout: MINUTE_MS,
    tags,
    reporters: ['default', new ClosingLine()],
    projects: [
      {
        extends: true,
        test: {
          name: 'checks',
          include: ['tests/repository/*.test.ts'],
          exclude: ['**/*.unit.test.ts'],
          testTimeout: 10 * MINUTE_MS,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['{packages,services,deploy,loadtest,tests}/**/*.unit.test.ts'],
          maxWorkers: '100%',
          testTimeout: MINUTE_MS, // a busy machine is no failure
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'simulation',
          include: ['packages/outbox/simulation/*.sim.test.ts'],
          maxWorkers: '100%',
          testTimeout: 20 * MINUTE_MS,
          hookTimeout: MINUTE_MS,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['{packages,services,deploy,loadtest,tests}/**/*.int.test.ts'],
          maxWorkers: 3,
          testTimeout: 5 * MINUTE_MS,
          hookTimeout: 30 * MINUTE_MS, // the first hook may have to build daprd
          sequence: { groupOrder: 3 },
        },
      },
      {
        extends: true,
        test: {
          // Measures, so no other test runs beside it.
          name: 'lab',
          include: ['loadtest/**/*.lab.test.ts'],
          testTimeout: 6 * MINUTE_MS,
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
});
