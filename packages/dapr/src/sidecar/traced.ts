import type { DescMessage, DescMethodUnary, MessageInitShape } from '@bufbuild/protobuf';
import type { CallOptions, ContextValues, Transport, UnaryResponse } from '@connectrpc/connect';
import { ATTRIBUTE_KEYS, currentTrace, inSpan, isTraced, SpanKind } from '@standing-order/service-kit/telemetry';

/**
 * The same transport with the active trace as the header of each call, which the sidecar continues. A call in a recorded trace has
 * a client span.
 */
export function traced(transport: Transport): Transport {
  return {
    stream: transport.stream,
    unary<I extends DescMessage, O extends DescMessage>(
      method: DescMethodUnary<I, O>,
      signal: AbortSignal | undefined,
      timeoutMs: number | undefined,
      _header: CallOptions['headers'],
      input: MessageInitShape<I>,
      values?: ContextValues,
    ): Promise<UnaryResponse<I, O>> {
      const call = () => {
        const trace = currentTrace();
        return transport.unary(method, signal, timeoutMs, trace && { ...trace }, input, values);
      };
      if (!isTraced(currentTrace())) return call();
      const service = method.parent.typeName;
      const attributes = {
        [ATTRIBUTE_KEYS.rpcSystem]: 'grpc',
        [ATTRIBUTE_KEYS.rpcService]: service,
        [ATTRIBUTE_KEYS.rpcMethod]: method.name,
      };
      return inSpan(`${service}/${method.name}`, { kind: SpanKind.CLIENT, attributes }, call);
    },
  };
}
