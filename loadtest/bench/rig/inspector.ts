/** A connection to a Node process that was started with --inspect. */
export interface Inspector {
  /** Runs a full garbage collection, then says what is left. Bytes. */
  memoryAfterCollection(): Promise<{ readonly heapUsed: number; readonly rss: number }>;
  startProfile(): Promise<void>;
  /** The text of a .cpuprofile file. */
  stopProfile(): Promise<string>;
  close(): void;
}

const CALL_MS = 30_000;

interface Reply {
  readonly id?: number;
  readonly error?: { readonly message: string };
  readonly result?: { readonly profile?: unknown; readonly result?: { readonly value?: unknown } };
}

/** Attaches to the process whose inspector listens on this port of loopback. */
export async function attachInspector(port: number): Promise<Inspector> {
  const targets = await fetch(`http://127.0.0.1:${port}/json`, { signal: AbortSignal.timeout(CALL_MS) });
  const [target] = (await targets.json()) as { webSocketDebuggerUrl: string }[];
  if (target === undefined) throw new Error(`nothing to inspect on port ${port}`);
  const socket = new WebSocket(target.webSocketDebuggerUrl);
  const waiting = new Map<number, { resolve: (reply: Reply) => void; reject: (error: Error) => void }>();
  const fail = () => {
    for (const { reject } of waiting.values()) reject(new Error(`the inspector on port ${port} closed the connection`));
  };
  socket.addEventListener('close', fail);
  socket.addEventListener('message', ({ data }) => {
    const reply = JSON.parse(String(data)) as Reply;
    if (reply.id === undefined) return;
    const call = waiting.get(reply.id);
    waiting.delete(reply.id);
    if (reply.error === undefined) call?.resolve(reply);
    else call?.reject(new Error(reply.error.message));
  });
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve(), { once: true });
    socket.addEventListener('error', () => reject(new Error(`no inspector on port ${port}`)), { once: true });
  });
  let calls = 0;
  const call = (method: string, params: object = {}): Promise<Reply> => {
    const id = ++calls;
    const timeout = AbortSignal.timeout(CALL_MS);
    return new Promise<Reply>((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      timeout.addEventListener('abort', () => reject(new Error(`${method} took over ${CALL_MS} ms`)), { once: true });
      socket.send(JSON.stringify({ id, method, params }));
    });
  };
  return {
    memoryAfterCollection: async () => {
      // The first collection lets finalizers run, the second takes what they let go of.
      await call('HeapProfiler.collectGarbage');
      await call('HeapProfiler.collectGarbage');
      const { result } = await call('Runtime.evaluate', { expression: 'JSON.stringify(process.memoryUsage())' });
      return JSON.parse(String(result?.result?.value)) as { heapUsed: number; rss: number };
    },
    startProfile: async () => {
      await call('Profiler.enable');
      await call('Profiler.start');
    },
    stopProfile: async () => JSON.stringify((await call('Profiler.stop')).result?.profile),
    close: () => {
      socket.removeEventListener('close', fail);
      socket.close();
    },
  };
}
