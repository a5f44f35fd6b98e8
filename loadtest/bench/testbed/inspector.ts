import connect, { type Client } from 'chrome-remote-interface';

/** Attaches to the Node process whose inspector listens on this port of 127.0.0.1. Close the client after use. */
export const attachInspector = (port: number): Promise<Client> => connect({ host: '127.0.0.1', port, local: true });

/** Heap in use, in bytes, after a full garbage collection. */
export async function heapAfterCollection({ HeapProfiler, Runtime }: Client): Promise<number> {
  // Finalizers run after the first collection; the second one frees the objects that they released.
  await HeapProfiler.collectGarbage();
  await HeapProfiler.collectGarbage();
  return (await Runtime.getHeapUsage()).usedSize;
}
