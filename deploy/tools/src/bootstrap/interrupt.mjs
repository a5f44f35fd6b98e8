/** @type {NodeJS.Signals[]} */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Runs work that must clean up. A signal that would end this process aborts `work` instead, and ends the process after
 * `work` has settled. If the process has another handler for that signal, the process is left to that handler.
 *
 * @template T
 * @param {(signal: AbortSignal) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function interruptible(work) {
  const controller = new AbortController();
  /** @type {NodeJS.Signals | undefined} */
  let received;
  /** @param {NodeJS.Signals} name */
  const interrupt = (name) => {
    received = name;
    controller.abort(new Error(`interrupted by ${name}`));
  };
  for (const name of SIGNALS) process.on(name, interrupt);
  try {
    return await work(controller.signal);
  } finally {
    for (const name of SIGNALS) process.off(name, interrupt);
    if (received !== undefined && process.listenerCount(received) === 0) process.kill(process.pid, received);
  }
}

/**
 * The signal of a program that stops everything in order before it ends: aborted by the first signal that would end this process.
 * A second one ends the process at once, with exit code 1.
 *
 * @returns {AbortSignal}
 */
export function stopOnSignal() {
  const controller = new AbortController();
  // After the terminal is closed, writes fail; everything must be stopped all the same.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  for (const name of SIGNALS)
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(1);
      controller.abort(new Error(`stopped by ${name}`));
    });
  return controller.signal;
}
