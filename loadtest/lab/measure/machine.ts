import { cpus, totalmem } from 'node:os';

/** The machine of this process: processors, memory and the version of Node. */
export function describeMachine(): string {
  const [{ model = 'unknown processor' } = {}] = cpus();
  return `${cpus().length} x ${model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
}
