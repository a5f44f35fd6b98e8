import { connect } from 'node:net';
import type { FillLevel } from './fill-level.ts';
import type { ConnectionLimits, Variable } from './store-settings.ts';

/** The protocol's number of DescribeLogDirs. Version 4, of Kafka 3.3, is the first with the size of the volume. */
const DESCRIBE_LOG_DIRS = { key: 35, version: 4 };
/** The response names one directory, and no topics. */
const MAX_RESPONSE_BYTES = 64 * 1024;

/** The volume of the Kafka in the chart, as Kafka reads it from its file system. */
export async function readKafkaFillLevels(
  variable: Variable,
  { signal }: ConnectionLimits,
): Promise<readonly FillLevel[]> {
  const { hostname, port } = new URL(`kafka://${(variable('BROKERS') ?? '').split(',')[0]?.trim()}`);
  const socket = connect({ host: hostname.replace(/[[\]]/g, ''), port: Number(port), ...(signal && { signal }) });
  try {
    socket.write(describeLogDirsRequest());
    return [kafkaFillLevel(await readFrame(socket))];
  } finally {
    socket.destroy();
  }
}

/** The request for the directories alone: its list of topics is empty. */
export function describeLogDirsRequest(): Buffer {
  const request = Buffer.alloc(17);
  request.writeInt32BE(request.length - 4, 0);
  request.writeInt16BE(DESCRIBE_LOG_DIRS.key, 4);
  request.writeInt16BE(DESCRIBE_LOG_DIRS.version, 6);
  const noClientId = -1;
  request.writeInt16BE(noClientId, 12);
  // Lists have their length plus one in front. Tagged fields, of which there are none, are before and after it.
  const emptyList = 1;
  request.writeUInt8(emptyList, 15);
  return request;
}

/** Reads one response, without the length in front of it. */
async function readFrame(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  let received = Buffer.alloc(0);
  for await (const chunk of chunks) {
    received = Buffer.concat([received, chunk]);
    const length = received.length < 4 ? Number.POSITIVE_INFINITY : received.readInt32BE(0);
    if (received.length >= 4 + length) return received.subarray(4, 4 + length);
    if (received.length > MAX_RESPONSE_BYTES) break;
  }
  throw new Error('Kafka sent no valid response to DescribeLogDirs');
}

/** @param response the response to DescribeLogDirs without topics */
export function kafkaFillLevel(response: Buffer): FillLevel {
  // Correlation id, tagged fields, throttle time, error code; number of directories plus one.
  const errorCode = response.readInt16BE(9);
  if (errorCode !== 0) throw new Error(`Kafka answered DescribeLogDirs with error ${errorCode}`);
  if (response.readUInt8(11) < 2) throw new Error('Kafka named no directory');
  const directoryError = response.readInt16BE(12);
  if (directoryError !== 0) throw new Error(`Kafka cannot read its directory: error ${directoryError}`);
  const { value: nameLength, end } = readVarint(response, 14);
  const emptyList = 1;
  const afterTopics = end + nameLength - 1 + emptyList;
  const total = Number(response.readBigInt64BE(afterTopics));
  const usable = Number(response.readBigInt64BE(afterTopics + 8));
  // Kafka reports a size that it could not read as -1.
  if (total < 0 || usable < 0) throw new Error('Kafka cannot read the size of its volume');
  return { resource: 'volume', usedBytes: total - usable, limitBytes: total };
}

/** An unsigned integer in groups of seven bits, the lowest first, and the offset after it. */
function readVarint(bytes: Buffer, start: number): { readonly value: number; readonly end: number } {
  let value = 0;
  let end = start;
  for (let shift = 0; ; shift += 7) {
    const group = bytes.readUInt8(end++);
    value |= (group & 0x7f) << shift;
    if (group < 0x80) return { value, end };
  }
}
