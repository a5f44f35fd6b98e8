import { gunzipSync } from 'node:zlib';
import { Profile } from 'pprof-format';
import type { Call, Stack } from './frames.ts';

/** The stacks of a Go process, from what its `/debug/pprof/profile` answers. */
export function* pprofStacks(compressed: Uint8Array): Generator<Stack> {
  const profile = Profile.decode(gunzipSync(compressed));
  const text = (index: number | bigint): string => profile.stringTable.strings[Number(index)] ?? '';
  const unit = profile.sampleType.findIndex(({ type }) => text(type) === 'cpu');
  const functions = new Map(profile.function.map(({ id, name }) => [id, callOf(text(name))]));
  // Of what is inlined in one place the innermost comes first, as in a stack.
  const callsAt = new Map(
    profile.location.map(({ id, line }) => [id, line.flatMap(({ functionId }) => functions.get(functionId) ?? [])]),
  );
  for (const { locationId, value } of profile.sample) {
    const calls = locationId.flatMap((id) => callsAt.get(id) ?? []).toReversed();
    yield { calls, microseconds: Number(value[unit] ?? 0) / 1000 };
  }
}

const callOf = (path: string): Call => ({ name: path.split('/').at(-1) ?? path, part: goPartOf(path), key: path });

/** The module that a function belongs to, by its full name; of Go's own library the package, and the runtime as one. */
export function goPartOf(name: string): string {
  const [plain = name] = name.split('[');
  const packagePath = plain.slice(0, plain.indexOf('.', plain.lastIndexOf('/') + 1));
  const segments = packagePath.split('/');
  if (segments[0]?.includes('.')) return segments.slice(0, segments[0] === 'github.com' ? 3 : 2).join('/');
  return /^(internal\/)?runtime\b/.test(packagePath) ? 'Go runtime' : packagePath || 'Go runtime';
}
