import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { runProgram } from '../../deploy/tools/src/program.ts';

const MINUTE_MS = 60_000;
const ROOT = resolve(import.meta.dirname, '../..');

/** The folder with the programs of the disposable cluster, or undefined. */
export async function findTestbed(): Promise<string | undefined> {
  const folder = process.env.STANDING_ORDER_CLUSTER || resolve(ROOT, '../shared/cluster');
  return access(join(folder, 'up')).then(
    () => folder,
    () => undefined,
  );
}

/** The disposable cluster. */
export interface Testbed {
  readonly kubeconfig: string;
  /** Builds an image and loads it on the nodes. */
  build(image: string, context: string, flags?: readonly string[]): Promise<void>;
  /** Loads an image that is already built on the nodes. */
  load(image: string): Promise<void>;
  down(): Promise<void>;
}

interface StartOptions {
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onLine: (line: string) => void;
}

/** Starts the cluster, which takes 10 minutes on a machine without its caches. A failed start is taken down again. */
export async function startTestbed({ folder, signal, onLine }: StartOptions): Promise<Testbed> {
  const run = (program: string, args: readonly string[], deadlineMs: number) =>
    runProgram(join(folder, program), args, { deadlineMs, signal, onLine });
  // Without the signal, because it also runs after an interrupt.
  const down = async () => void (await runProgram(join(folder, 'down'), [], { deadlineMs: 3 * MINUTE_MS, onLine }));
  try {
    const kubeconfig = (await run('up', [], 30 * MINUTE_MS)).trim().split('\n').at(-1) ?? '';
    await run('base-images', [], 10 * MINUTE_MS);
    return {
      kubeconfig,
      down,
      load: async (image) => void (await run('load-image', [image], 5 * MINUTE_MS)),
      build: async (image, context, flags = []) =>
        void (await run('build-image', [image, context, ...flags], 15 * MINUTE_MS)),
    };
  } catch (error) {
    await down();
    throw error;
  }
}
