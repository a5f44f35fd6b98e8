import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { describePortInUse, fixedLocalPorts, requireFreePorts } from './local-ports.ts';
import { firstOrderCommands, loadCommands } from './readme.ts';

test("README's port-forward commands use fixed local ports", async () => {
  expect(fixedLocalPorts([...(await firstOrderCommands()), ...(await loadCommands())])).toEqual([
    4000, 4100, 4200, 4900,
  ]);
  expect(fixedLocalPorts(['kubectl port-forward pod/a :80 &', 'curl http://127.0.0.1:4000:80'])).toEqual([]);
});

test('a port that another program listens on is reported with its address and the remedy', async () => {
  const server = createServer();
  onTestFinished(() => void server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  await expect(requireFreePorts([port])).rejects.toThrow(
    `port ${port} on 127.0.0.1 is in use by another program, and kubectl port-forward would bind only [::1]; ` +
      'stop that program (npm start uses 4000 to 4999) and run the test again',
  );

  server.close();
  await once(server, 'close');
  await expect(requireFreePorts([port])).resolves.toBeUndefined();
});

test('the report names the address that kubectl would bind', () => {
  expect(describePortInUse({ port: 4000, addresses: ['[::1]'] })).toContain('would bind only 127.0.0.1');
  expect(describePortInUse({ port: 4000, addresses: ['127.0.0.1', '[::1]'] })).toContain(
    'port 4000 on 127.0.0.1 and [::1] is in use by another program, and kubectl port-forward would fail',
  );
});
