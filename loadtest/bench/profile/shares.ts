import type { Profiler } from 'node:inspector';
import { gunzipSync } from 'node:zlib';
import { Profile } from 'pprof-format';

/** Processor time by part of the code (a workspace, a package, the runtime), in microseconds; largest first. */
export type Shares = Readonly<Record<string, number>>;

const V8_PARTS = new Map([
  ['(garbage collector)', 'garbage collection'],
  ['(program)', 'outside JavaScript'],
]);

/** Sums up the samples of a .cpuprofile. Idle time is left out. Built-in functions of V8 count as part of their caller. */
export function sharesOfNode({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): Shares {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const callers = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const partOf = (id: number | undefined): string => {
    const node = byId.get(id ?? Number.NaN);
    if (node === undefined) return 'V8';
    return V8_PARTS.get(node.callFrame.functionName) ?? scriptPart(node.callFrame.url) ?? partOf(callers.get(node.id));
  };
  const times = samples.map((id, index) => {
    const isIdle = byId.get(id)?.callFrame.functionName === '(idle)';
    return [partOf(id), isIdle ? 0 : Math.max(timeDeltas[index] ?? 0, 0)] as const;
  });
  return sumUp(times);
}

/** Sums up the samples of a pprof profile of a Go process. */
export function sharesOfGo(compressed: Uint8Array): Shares {
  const profile = Profile.decode(gunzipSync(compressed));
  const text = (index: number | bigint): string => profile.stringTable.strings[Number(index)] ?? '';
  const cpu = profile.sampleType.findIndex(({ type }) => text(type) === 'cpu');
  const functions = new Map(profile.function.map(({ id, name }) => [id, text(name)]));
  // The first location of a sample, and the first line of a location, is the innermost call.
  const innermost = new Map(profile.location.map(({ id, line }) => [id, line[0]?.functionId]));
  return sumUp(
    profile.sample.map(({ locationId: [id = 0], value }) => {
      const name = functions.get(innermost.get(id) ?? 0) ?? '';
      return [goPart(name), Number(value[cpu] ?? 0) / 1000] as const;
    }),
  );
}

function sumUp(times: readonly (readonly [part: string, microseconds: number])[]): Shares {
  const sums = new Map<string, number>();
  for (const [part, microseconds] of times) if (microseconds > 0) sums.set(part, (sums.get(part) ?? 0) + microseconds);
  return Object.fromEntries([...sums].toSorted(([, a], [, b]) => b - a));
}

/** The workspace, the package or the runtime that a script belongs to; undefined for a built-in function of V8. */
export function scriptPart(url: string): string | undefined {
  if (url === '') return undefined;
  if (url.startsWith('node:')) return 'Node';
  const inPackage = /.*\/node_modules\/(@[^/]+\/[^/]+|[^/]+)\//.exec(url);
  if (inPackage) return inPackage[1];
  const inWorkspace = /\/((?:packages|services)\/[^/]+|loadtest)\//.exec(url);
  return inWorkspace?.[1] ?? (url.startsWith('wasm:') ? 'WebAssembly' : 'other');
}

/** The module of a Go function, by its full name. For Go's standard library: the package. */
export function goPart(name: string): string {
  const [plain = name] = name.split('[');
  // Assembly functions of the runtime, such as aeshashbody, have no package.
  const packagePath = plain.slice(0, Math.max(plain.indexOf('.', plain.lastIndexOf('/') + 1), 0));
  const segments = packagePath.split('/');
  if (segments[0]?.includes('.')) return segments.slice(0, segments[0] === 'github.com' ? 3 : 2).join('/');
  return /^(internal\/)?runtime\b/.test(packagePath) ? 'Go runtime' : packagePath || 'Go runtime';
}
