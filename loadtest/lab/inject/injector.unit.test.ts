import { expect, test } from 'vitest';
import type { Action } from '../timetable/schema.ts';
import { beginFault, type Injector } from './injector.ts';

const cut: Action = { do: 'cut', link: 'broker' };
const kill: Action = { do: 'kill', targets: ['consumer'] };

/** Records the applied and undone actions. The action in `fails` does not take effect, and that in `stays` does not end. */
function recorder({ fails, stays }: { fails?: string; stays?: string } = {}) {
  const log: string[] = [];
  const injector: Injector = {
    async apply(action) {
      if (action.do === fails) throw new Error(`${action.do} had no effect`);
      log.push(`apply ${action.do}`);
      return {
        async undo() {
          if (action.do === stays) throw new Error(`${action.do} remains`);
          log.push(`undo ${action.do}`);
        },
      };
    },
  };
  return { log, injector };
}

test('undoes every action once, however often the fault is ended', async () => {
  const { log, injector } = recorder();
  const active = await beginFault(injector, { actions: [kill, cut] });
  await Promise.all([active.end(), active.end()]);
  await active.end();
  expect(log).toEqual(['apply kill', 'apply cut', 'undo kill', 'undo cut']);
});

test('a fault of which one action has no effect is an error, and its other actions are undone', async () => {
  const { log, injector } = recorder({ fails: 'cut' });
  await expect(beginFault(injector, { actions: [kill, cut] })).rejects.toThrow('cut had no effect');
  expect(log).toEqual(['apply kill', 'undo kill']);
});

test('a fault that does not end is an error, and its other actions are undone all the same', async () => {
  const { log, injector } = recorder({ stays: 'kill' });
  const active = await beginFault(injector, { actions: [kill, cut] });
  await expect(active.end()).rejects.toThrow('the fault has not ended: Error: kill remains');
  expect(log).toContain('undo cut');
});
