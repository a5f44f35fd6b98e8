/** What telemetry/start.ts sets up, if a process has it. */
export interface TelemetryBackend {
  metricsText(): Promise<string>;
  stop(): Promise<void>;
}

let backend: TelemetryBackend | undefined;

export function useBackend(started: TelemetryBackend): void {
  backend = started;
}

/** All metrics of this process in Prometheus' text format. Empty when telemetry was not started. */
export const metricsText = async (): Promise<string> => (await backend?.metricsText()) ?? '';

/** Sends what is still buffered, for at most `deadlineMs`, and stops. Says whether all of it went out. */
export async function stopTelemetry(deadlineMs: number): Promise<boolean> {
  if (!backend) return true;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, deadlineMs, false);
  });
  try {
    return await Promise.race([
      backend.stop().then(
        () => true,
        () => false,
      ),
      late,
    ]);
  } finally {
    clearTimeout(timer);
  }
}
