import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { runProgram } from '../../deploy/tools/src/program.ts';

const minute = 60_000;
const root = resolve(import.meta.dirname, '../..');

/** Where the disposable cluster's programs are, if they are. */
export async function findTestbed(): Promise<string | undefined> {
  const folder = process.env.STANDING_ORDER_CLUSTER || resolve(root, '../shared/cluster');
  return access(join(folder, 'up')).then(
    () => folder,
    () => undefined,
  );
}

/** The disposable cluster. */
export interface Testbed {
  readonly kubeconfig: string;
  /** Builds an image and gives it to the nodes. */
  build(image: string, context: string, flags?: readonly string[]): Promise<void>;
  /** Gives an image that is built already to the nodes. */
  load(image: string): Promise<void>;
  down(): Promise<void>;
}

interface StartOptions {
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onLine: (line: string) => void;
}

/** Starts it, which takes 10 minutes where nothing of it is built. What is started is taken down again if it fails. */
export async function startTestbed({ folder, signal, onLine }: StartOptions): Promise<Testbed> {
  const run = (program: string, args: readonly string[], deadlineMs: number) =>
    runProgram(join(folder, program), args, { deadlineMs, signal, onLine });
  // Also after an interruption.
  const down = async () => void (await runProgram(join(folder, 'down'), [], { deadlineMs: 3 * minute, onLine }));
  try {
    const kubeconfig = (await run('up', [], 30 * minute)).trim().split('\n').at(-1) ?? '';
    await run('base-images', [], 10 * minute);
    return {
      kubeconfig,
      down,
      load: async (image) => void (await run('load-image', [image], 5 * minute)),
      build: async (image, context, flags = []) =>
        void (await run('build-image', [image, context, ...flags], 15 * minute)),
    };
  } catch (error) {
    await down();
    throw error;
  }
}
