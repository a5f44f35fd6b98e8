import type { IncomingHttpHeaders } from 'node:http2';
import { create, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';

/** The largest message in either direction: the sidecar's own limit (`max-body-size`, 4 MiB by default). */
export const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
export const PREFIX_BYTES = 5;

/** A message with gRPC's prefix: a byte for "not compressed", and the length. */
export function frameOf<I extends DescMessage>(schema: I, input: MessageInitShape<I>): Buffer {
  const message = toBinary(schema, create(schema, input));
  if (message.length > MAX_MESSAGE_BYTES)
    throw new ConnectError(
      `a message of ${message.length} bytes is larger than ${MAX_MESSAGE_BYTES}`,
      Code.ResourceExhausted,
    );
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  frame.writeUInt8(0, 0);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, PREFIX_BYTES);
  return frame;
}

/** The message in a response. @throws ConnectError unless the response is exactly one uncompressed message */
export function messageOf(frame: Buffer): Uint8Array {
  if (frame.length < PREFIX_BYTES || frame[0] !== 0 || frame.readUInt32BE(1) !== frame.length - PREFIX_BYTES)
    throw new ConnectError('the response is not one uncompressed message', Code.Internal);
  return frame.subarray(PREFIX_BYTES);
}

/** The error of a response, from its last headers; undefined for status 0. */
export function errorOf(headers: IncomingHttpHeaders): ConnectError | undefined {
  if (headers['grpc-status'] === undefined) return new ConnectError('the response has no status', Code.Unavailable);
  const status = Number(headers['grpc-status']);
  return status === 0 ? undefined : new ConnectError(decoded(String(headers['grpc-message'] ?? '')), status);
}

function decoded(percentEncoded: string): string {
  try {
    return decodeURIComponent(percentEncoded);
  } catch {
    return percentEncoded;
  }
}
