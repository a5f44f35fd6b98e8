import type { Call, Stack } from './frames.ts';

/** A .cpuprofile as V8's inspector gives it, as far as it is needed here. Times are microseconds. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const IDLE = '(idle)';
const OWN_PARTS = new Map([
  ['(garbage collector)', 'garbage collection'],
  ['(program)', 'outside JavaScript'],
]);

/** The stacks of a Node process. The time in which its thread waited is left out. */
export function* v8Stacks({ nodes, samples, timeDeltas }: CpuProfile): Generator<Stack> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const callerOf = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const known = new Map<number, readonly Call[]>();

  function callsTo(id: number): readonly Call[] {
    const before = known.get(id);
    if (before) return before;
    const node = byId.get(id);
    const caller = callerOf.get(id);
    const outer = caller === undefined ? [] : callsTo(caller);
    const calls = node === undefined || caller === undefined ? [] : [...outer, callOf(node.callFrame, outer.at(-1))];
    known.set(id, calls);
    return calls;
  }

  for (const [index, id] of samples.entries()) {
    if (byId.get(id)?.callFrame.functionName === IDLE) continue;
    yield { calls: callsTo(id), microseconds: Math.max(timeDeltas[index] ?? 0, 0) };
  }
}

/** What V8 itself brings counts as its caller's. */
function callOf(
  { functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame'],
  caller: Call | undefined,
): Call {
  return {
    name: functionName || `(anonymous) ${url.split('/').at(-1) ?? ''}:${lineNumber + 1}`,
    part: OWN_PARTS.get(functionName) ?? partOf(url) ?? caller?.part ?? 'V8',
    key: `${functionName} ${url} ${lineNumber}`,
  };
}

/** The workspace, the package or the runtime that a script belongs to; undefined for what V8 itself brings. */
export function partOf(url: string): string | undefined {
  if (url === '') return undefined;
  if (url.startsWith('node:')) return 'Node';
  const inPackage = /.*\/node_modules\/(@[^/]+\/[^/]+|[^/]+)\//.exec(url);
  if (inPackage) return inPackage[1];
  const inWorkspace = /\/(services\/platform\/outbox|services\/[^/]+|loadtest)\//.exec(url);
  return inWorkspace?.[1] ?? (url.startsWith('wasm:') ? 'WebAssembly' : 'other');
}
