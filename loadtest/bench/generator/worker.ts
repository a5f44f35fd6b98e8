import type { Load, Said } from './load.ts';
import { runLoad } from './run.ts';

const say = (said: Said, then = () => {}) => process.send?.(said, then);

process.once('message', (load: Load) => {
  runLoad(load, (edge) => say({ edge })).then(
    (result) => say({ result }, () => process.exit(0)),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.once('disconnect', () => process.exit(1));
