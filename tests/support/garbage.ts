import { gzipSync } from 'node:zlib';

const EVENT = {
  specversion: '1.0',
  source: '/garbage',
  type: 'com.example.unknown.v1',
  subject: 'garbage',
  time: '2026-01-01T00:00:00Z',
  datacontenttype: 'application/json',
};

const textOf = (id: string, data: unknown): string => JSON.stringify({ ...EVENT, id, data });
/** An event with this text, which JSON.stringify cannot write, as its data. */
const rawTextOf = (id: string, data: string): string => textOf(id, 'DATA').replace('"DATA"', data);

/** Messages of about `bytes` bytes that no subscriber can use, by their fault. Those with an envelope have the id `id`. */
export function garbageOf(id: string, bytes: number): Readonly<Record<string, Buffer>> {
  const texts = {
    'no JSON': 'x'.repeat(bytes),
    'cut off': textOf(id, 'x'.repeat(bytes)).slice(0, -2),
    'an unknown type': textOf(id, 'x'.repeat(bytes)),
    'many objects': rawTextOf(id, `[${'{},'.repeat(bytes / 3)}0]`),
    'deeply nested': rawTextOf(id, `${'[{"a":'.repeat(2_400)}0${'}]'.repeat(2_400)}`),
    'nested too deeply for any parser': rawTextOf(id, `${'['.repeat(bytes / 2)}${']'.repeat(bytes / 2)}`),
    'a huge number': rawTextOf(id, `[1e999,-0.0,${'9'.repeat(bytes)}]`),
    'keys of prototypes': rawTextOf(id, '{"__proto__":{"type":"x"},"constructor":{"prototype":{"a":1}}}'),
    'surrogates without a partner': rawTextOf(id, String.raw`"\ud800\udfff\u0000"`),
    'a type that cannot become text': JSON.stringify({ ...EVENT, id, type: { toString: null } }),
    'a type that is nested deeply': JSON.stringify({ ...EVENT, id, type: 'TYPE' }).replace(
      '"TYPE"',
      `${'['.repeat(8_000)}${']'.repeat(8_000)}`,
    ),
    'an envelope without an object': '[[1,2],null,"x"]',
    null: 'null',
    nothing: '',
  };
  return {
    ...Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, Buffer.from(text)])),
    'no UTF-8': Buffer.concat([
      Buffer.from(`${textOf(id, 'x').slice(0, -2)}`),
      Buffer.from([0xff, 0xfe, 0xc0]),
      Buffer.from('"}'),
    ]),
    compressed: gzipSync(Buffer.alloc(bytes * 50)),
  };
}
