import type { Action, Fault } from '../timetable/schema.ts';

/** One action that is in effect. */
export interface Applied {
  /** Ends the action and resolves when the affected parts work again. Rejects if they do not. */
  undo(): Promise<void>;
}

/** Applies the actions of faults to one platform: to local processes, or to a cluster. */
export interface Injector {
  /** Resolves when the action has taken effect, as measured from outside. Rejects if it has not, and leaves nothing behind. */
  apply(action: Action): Promise<Applied>;
}

/** A fault in effect; times are Unix time in milliseconds. */
export interface ActiveFault {
  /** When its first action was sent. */
  readonly beganAt: number;
  /** When its last action was seen to have effect. */
  readonly effectiveAt: number;
  /** Undoes all actions, once, and resolves to the times of its begin and its end. */
  end(): Promise<{ readonly endBeganAt: number; readonly endedAt: number }>;
}

/** Applies all actions of a fault at once. If one of them fails, the others are undone before it rejects. */
export async function beginFault(injector: Injector, { actions }: Pick<Fault, 'actions'>): Promise<ActiveFault> {
  const beganAt = Date.now();
  const results = await Promise.allSettled(actions.map((action) => injector.apply(action)));
  const applied = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  let ending: ReturnType<ActiveFault['end']> | undefined;
  const undoAll = async () => {
    const endBeganAt = Date.now();
    const ends = await Promise.allSettled(applied.map((each) => each.undo()));
    const failed = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []));
    if (failed.length > 0)
      throw new AggregateError(failed, `the fault has not ended: ${failed.map(String).join('; ')}`);
    return { endBeganAt, endedAt: Date.now() };
  };
  const end = () => {
    ending ??= undoAll();
    return ending;
  };
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  if (failures.length > 0) {
    await end();
    throw new AggregateError(failures, `the fault has not taken effect: ${failures.map(String).join('; ')}`);
  }
  return { beganAt, effectiveAt: Date.now(), end };
}
