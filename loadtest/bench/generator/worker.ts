import type { Load, WorkerMessage } from './load.ts';
import { runLoad } from './run.ts';

const report = (message: WorkerMessage, then = () => {}) => process.send?.(message, then);

process.once('message', (load: Load) => {
  runLoad(load, (marker) => report({ marker })).then(
    (result) => report(result, () => process.exit(0)),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.once('disconnect', () => process.exit(1));
