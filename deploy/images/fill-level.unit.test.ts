import { describe, expect, test } from 'vitest';
import { describeLogDirsRequest, kafkaFillLevel } from './kafka-fill-level.ts';
import { metricsText } from './metrics-text.ts';
import { redisFillLevels } from './redis-fill-level.ts';

describe('the fill levels of a Redis', () => {
  const info = (...lines: string[]) => ['# Memory', ...lines, ''].join('\r\n');

  test('are its memory and its append-only file', () => {
    const text = info('used_memory:300', 'used_memory_human:300B', 'maxmemory:1000', 'aof_current_size:70');
    expect(redisFillLevels(text, '2000')).toEqual([
      { resource: 'memory', usedBytes: 300, limitBytes: 1_000 },
      { resource: 'volume', usedBytes: 70, limitBytes: 2_000 },
    ]);
  });

  test('have no limit without maxmemory, and no volume without its size or without a file', () => {
    const memory = { resource: 'memory', usedBytes: 300, limitBytes: undefined };
    expect(redisFillLevels(info('used_memory:300', 'maxmemory:0', 'aof_current_size:70'), undefined)).toEqual([memory]);
    expect(redisFillLevels(info('used_memory:300', 'maxmemory:0'), '2000')).toEqual([memory]);
  });

  test('are an error when INFO is empty', () => {
    expect(() => redisFillLevels('', '2000')).toThrow('INFO has no used_memory');
  });
});

describe('the fill level of a Kafka', () => {
  const GIB = 1024 ** 3;
  /** A response of version 4 with one directory. */
  function response({ errorCode = 0, directoryError = 0, name = '/data/logs', total = 3 * GIB } = {}): Buffer {
    const head = Buffer.alloc(12);
    head.writeInt16BE(errorCode, 9);
    head.writeUInt8(2, 11);
    const error = Buffer.alloc(2);
    error.writeInt16BE(directoryError);
    const length = name.length + 1;
    const varint = length < 0x80 ? [length] : [(length & 0x7f) | 0x80, length >> 7];
    const tail = Buffer.alloc(19);
    tail.writeUInt8(1);
    tail.writeBigInt64BE(BigInt(total), 1);
    tail.writeBigInt64BE(BigInt(GIB), 9);
    return Buffer.concat([head, error, Buffer.from(varint), Buffer.from(name), tail]);
  }

  test.each(['/data/logs', `/${'long'.repeat(60)}`])('is that of the volume of the directory %s', (name) => {
    expect(kafkaFillLevel(response({ name }))).toEqual({
      resource: 'volume',
      usedBytes: 2 * GIB,
      limitBytes: 3 * GIB,
    });
  });

  test('is an error when Kafka refuses the request, has no directory, or cannot read it', () => {
    expect(() => kafkaFillLevel(response({ errorCode: 31 }))).toThrow('with error 31');
    expect(() => kafkaFillLevel(response({ directoryError: 56 }))).toThrow('directory: error 56');
    expect(() => kafkaFillLevel(response({ total: -1 }))).toThrow('the size of its volume');
    const none = response();
    none.writeUInt8(1, 11);
    expect(() => kafkaFillLevel(none)).toThrow('no directory');
  });

  test('is requested without topics', () => {
    const request = describeLogDirsRequest();
    expect(request.readInt32BE(0)).toBe(request.length - 4);
    expect([request.readInt16BE(4), request.readInt16BE(6), request.readUInt8(15)]).toEqual([35, 4, 1]);
  });
});

test('the metrics have no fill level of a store that could not be read, and no limit where there is none', () => {
  const text = metricsText(
    new Map([
      ['state', [{ resource: 'memory', usedBytes: 5, limitBytes: undefined }]],
      ['broker', undefined],
    ]),
  );
  expect(text.split('\n').filter((line) => !line.startsWith('#'))).toEqual([
    'store_readable{store="state"} 1',
    'store_readable{store="broker"} 0',
    'store_used_bytes{store="state",resource="memory"} 5',
    '',
  ]);
});
