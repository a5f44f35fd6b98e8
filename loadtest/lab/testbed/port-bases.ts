import { findPortBase } from '@standing-order/local';

export interface PortBases {
  readonly platform: number;
  /** For the lab's own processes. */
  readonly lab: number;
}

let found: Promise<PortBases> | undefined;

/** A base stays reserved while this process lives, so all runs of a process use the same two, one run after the other. */
export function portBases(): Promise<PortBases> {
  found ??= find();
  return found;
}

const find = async (): Promise<PortBases> => ({ platform: await findPortBase(), lab: await findPortBase() });
