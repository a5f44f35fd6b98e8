import { gzipSync } from 'node:zlib';
import { Function as Fn, Line, Location, Profile, Sample, StringTable, ValueType } from 'pprof-format';
import { expect, it } from 'vitest';
import { flameGraph } from './flame-graph.ts';
import { type Frame, type Stack, selfTimes, sumUp } from './frames.ts';
import { goPartOf, pprofStacks } from './pprof.ts';
import { type CpuProfile, partOf, v8Stacks } from './v8.ts';

const order = 'file:///x/services/order/src/app.ts';

const node = (id: number, functionName: string, url: string, children: number[] = []) => ({
  id,
  callFrame: { functionName, url, lineNumber: 4 },
  children,
});

/** `place` is called by two nodes of V8's tree that are the same function for whoever reads it. */
const profile: CpuProfile = {
  nodes: [
    node(1, '(root)', '', [2, 3, 4, 8]),
    node(2, '(idle)', ''),
    node(3, 'place', order, [5, 6]),
    node(4, 'place', order, [7]),
    node(5, 'parse', ''),
    node(6, '', 'file:///x/node_modules/@hono/node-server/dist/index.mjs'),
    node(7, 'parse', ''),
    node(8, '(garbage collector)', ''),
  ],
  samples: [2, 3, 4, 5, 7, 6, 8],
  timeDeltas: [1000, 10, 20, 30, 40, 50, 60],
};

const shown = ({ name, part, total, self, callees }: Frame): unknown[] => [
  `${name} (${part}) ${total}/${self}`,
  ...[...callees.values()].map(shown),
];

it('samples of V8 are added up by their way from the root, without the time in which nothing was done', () => {
  expect(shown(sumUp(v8Stacks(profile)))).toEqual([
    'all (all) 210/0',
    [
      'place (services/order) 150/30',
      ['parse (services/order) 70/70'],
      ['(anonymous) index.mjs:5 (@hono/node-server) 50/50'],
    ],
    ['(garbage collector) (garbage collection) 60/60'],
  ]);
});

it('each part of the code is told by the time that it took itself', () => {
  expect(selfTimes(sumUp(v8Stacks(profile)))).toEqual([
    ['services/order', 100],
    ['garbage collection', 60],
    ['@hono/node-server', 50],
  ]);
});

it('samples of Go are added up likewise, what was inlined included', () => {
  const strings = new StringTable();
  const text = (value: string) => strings.dedup(value);
  const names = ['runtime.main', 'github.com/dapr/dapr/pkg/runtime.Run', 'encoding/json.Marshal'];
  const go = new Profile({
    stringTable: strings,
    sampleType: [
      new ValueType({ type: text('samples'), unit: text('count') }),
      new ValueType({ type: text('cpu'), unit: text('nanoseconds') }),
    ],
    function: names.map((name, index) => new Fn({ id: index + 1, name: text(name) })),
    location: [
      new Location({ id: 1, line: [new Line({ functionId: 3 }), new Line({ functionId: 2 })] }),
      new Location({ id: 2, line: [new Line({ functionId: 1 })] }),
    ],
    sample: [
      new Sample({ locationId: [1, 2], value: [1, 10_000_000] }),
      new Sample({ locationId: [2], value: [2, 20_000_000] }),
    ],
  });
  expect(shown(sumUp(pprofStacks(gzipSync(go.encode()))))).toEqual([
    'all (all) 30000/0',
    [
      'runtime.main (Go runtime) 30000/20000',
      ['runtime.Run (github.com/dapr/dapr) 10000/0', ['json.Marshal (encoding/json) 10000/10000']],
    ],
  ]);
});

it('a script belongs to its workspace, its innermost package, or the runtime', () => {
  const urls = {
    'node:net': 'Node',
    '': undefined,
    'file:///x/services/platform/outbox/src/relay.ts': 'services/platform/outbox',
    'file:///x/services/platform/src/dapr/store.ts': 'services/platform',
    'file:///x/loadtest/bench/contenders/redis.ts': 'loadtest',
    'file:///x/node_modules/a/node_modules/b/index.js': 'b',
    'wasm://wasm/00034eea': 'WebAssembly',
    'evalmachine.<anonymous>': 'other',
  };
  expect(Object.keys(urls).map(partOf)).toEqual(Object.values(urls));
});

it('a Go function belongs to its module, its package in the library, or the runtime', () => {
  const names = {
    'runtime.mallocgc': 'Go runtime',
    'internal/runtime/syscall.Syscall6': 'Go runtime',
    'net/http.(*conn).serve': 'net/http',
    'syscall.Syscall': 'syscall',
    'github.com/redis/go-redis/v9.(*Client).Process': 'github.com/redis/go-redis',
    'google.golang.org/grpc/internal/transport.newHTTP2Client': 'google.golang.org/grpc',
    'slices.SortFunc[go.shape.struct { github.com/a/b.C }]': 'slices',
  };
  expect(Object.keys(names).map(goPartOf)).toEqual(Object.values(names));
});

it('the picture names every function that is wide enough, and is well-formed whatever its name', () => {
  const call = { name: 'a<b>&c', part: 'toString', key: '' };
  const stacks: Stack[] = [
    { calls: [call], microseconds: 999_000 },
    { calls: [call, { ...call, name: 'narrow' }], microseconds: 1_000 },
  ];
  const svg = flameGraph(stacks, 'ours');
  expect(svg).toContain('ours: 1.0 s of processor time');
  expect(svg).toContain('<title>a&lt;b&gt;&amp;c, toString: 100.0 %, 99.9 % itself</title>');
  expect(svg).toContain('100.0 % toString');
  expect(svg).not.toContain('narrow');
  expect(svg.match(/<g>/g)).toHaveLength(2);
});

it('no time at all is drawn, too', () => {
  expect(flameGraph([], 'idle')).toContain('0.0 s');
});
