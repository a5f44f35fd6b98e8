/** The telemetry that telemetry/start.ts sets up. */
export interface TelemetryBackend {
  metricsText(): Promise<string>;
  stop(): Promise<void>;
}

let backend: TelemetryBackend | undefined;

/** Sets the telemetry of this process. */
export function setBackend(started: TelemetryBackend): void {
  backend = started;
}

/** All metrics of this process in Prometheus' text format. Empty without telemetry. */
export const metricsText = async (): Promise<string> => (await backend?.metricsText()) ?? '';

/** Sends buffered telemetry, for at most `deadlineMs`, and stops. Returns whether all of it was sent. */
export async function stopTelemetry(deadlineMs: number): Promise<boolean> {
  if (!backend) return true;
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, deadlineMs, false);
  });
  try {
    return await Promise.race([
      backend.stop().then(
        () => true,
        () => false,
      ),
      timeout,
    ]);
  } finally {
    clearTimeout(timer);
  }
}
