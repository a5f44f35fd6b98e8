import { gzipSync } from 'node:zlib';
import { Function as Fn, Line, Location, Profile, Sample, StringTable, ValueType } from 'pprof-format';
import { expect, it } from 'vitest';
import { goPart, scriptPart, sharesOfGo, sharesOfNode } from './shares.ts';

const order = 'file:///x/services/order/src/app.ts';

const node = (id: number, functionName: string, url: string, children: number[] = []) => ({
  id,
  callFrame: { functionName, url, lineNumber: 4, columnNumber: 0, scriptId: '1' },
  children,
});

const profile = {
  startTime: 0,
  endTime: 1210,
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

it('sums up the samples of V8 by part of the code, without idle time; built-in functions count for their caller', () => {
  expect(Object.entries(sharesOfNode(profile))).toEqual([
    ['services/order', 100],
    ['garbage collection', 60],
    ['@hono/node-server', 50],
  ]);
});

it('sums up the samples of Go by module; an inlined function is the innermost call', () => {
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
  expect(Object.entries(sharesOfGo(gzipSync(go.encode())))).toEqual([
    ['Go runtime', 20_000],
    ['encoding/json', 10_000],
  ]);
});

it('assigns a script to its workspace, its innermost package, or the runtime', () => {
  const urls = {
    'node:net': 'Node',
    '': undefined,
    'file:///x/packages/outbox/src/relay/relay.ts': 'packages/outbox',
    'file:///x/services/order/src/main.ts': 'services/order',
    'file:///x/loadtest/bench/contenders/redis.ts': 'loadtest',
    'file:///x/node_modules/a/node_modules/b/index.js': 'b',
    'wasm://wasm/00034eea': 'WebAssembly',
    'evalmachine.<anonymous>': 'other',
  };
  expect(Object.keys(urls).map(scriptPart)).toEqual(Object.values(urls));
});

it('assigns a Go function to its module, its package in the standard library, or the runtime', () => {
  const names = {
    'runtime.mallocgc': 'Go runtime',
    aeshashbody: 'Go runtime',
    'internal/runtime/syscall.Syscall6': 'Go runtime',
    'net/http.(*conn).serve': 'net/http',
    'syscall.Syscall': 'syscall',
    'github.com/redis/go-redis/v9.(*Client).Process': 'github.com/redis/go-redis',
    'google.golang.org/grpc/internal/transport.newHTTP2Client': 'google.golang.org/grpc',
    'slices.SortFunc[go.shape.struct { github.com/a/b.C }]': 'slices',
  };
  expect(Object.keys(names).map(goPart)).toEqual(Object.values(names));
});
