import { describe, expect, it } from 'vitest';
import { commandCounts, difference, redisTotals, sidecarTotals, sumOf } from './counts.ts';

const EXPOSITION = `# HELP dapr_component_state_count number of operations
# TYPE dapr_component_state_count counter
dapr_component_state_count{app_id="order",component="state",operation="bulk_get",success="true"} 2
dapr_component_state_count{app_id="order",component="state",operation="transaction",success="true"} 3
dapr_component_state_count_other{app_id="order"} 100
dapr_http_server_request_count{app_id="order",method="POST",path="/v1.0/state/state",status="204"} 3
dapr_http_server_request_count{app_id="order",method="POST",path="/v1.0/publish/messages/t1",status="204"} 4
dapr_http_server_request_bytes_sum{app_id="order"} 578
dapr_http_server_response_bytes_sum{app_id="order"} 1.2e+3
dapr_grpc_io_server_completed_rpcs{app_id="order",grpc_server_method="/dapr.proto.runtime.v1.Dapr/GetState",grpc_server_status="OK"} 10
dapr_grpc_io_server_received_bytes_per_rpc_sum{app_id="order"} 20
dapr_grpc_io_server_sent_bytes_per_rpc_sum{app_id="order"} 2
up 1
`;

describe('Prometheus text', () => {
  it('is summed over the matching label sets of one metric', () => {
    expect(sumOf(EXPOSITION, 'dapr_component_state_count')).toBe(5);
    expect(sumOf(EXPOSITION, 'dapr_component_state_count', { operation: 'bulk_get' })).toBe(2);
    expect(sumOf(EXPOSITION, 'up')).toBe(1);
    expect(sumOf(EXPOSITION, 'absent')).toBe(0);
  });

  it('contains the totals of a sidecar', () => {
    expect(sidecarTotals(EXPOSITION)).toEqual({ calls: 17, bytes: 1800, stateOperations: 5 });
  });
});

describe('INFO of Redis', () => {
  const info = [
    'aof_current_size:300',
    'cmdstat_xadd:calls=3,usec=99,usec_per_call=33.00,rejected_calls=0,failed_calls=0',
    'cmdstat_client|setname:calls=4,usec=5',
  ].join('\r\n');

  it('contains the commands and the size of the append-only file', () => {
    expect(redisTotals(info)).toEqual({ commands: 7, aofBytes: 300 });
    expect(commandCounts(info)).toEqual({ xadd: 3, 'client|setname': 4 });
  });
});

describe('difference', () => {
  it('subtracts field by field', () => {
    expect(difference({ a: 5, b: 1 }, { a: 2, b: 1 })).toEqual({ a: 3, b: 0 });
    expect(difference<Record<string, number>>({ a: 5, b: 1 }, { a: 2 })).toEqual({ a: 3, b: 1 });
  });
});
