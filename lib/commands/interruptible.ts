import process from "node:process";

/** `deno task` passes on a Ctrl-C that has arrived already; within this time, in ms, it is the same. */
const SAME_SIGNAL = 1000;
const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/**
 * Does work that SIGINT and SIGTERM stop in good order; a second one ends the process at once.
 *
 * @param work takes the signal that tells it to stop
 * @param leave what to do before the process ends at once
 */
export async function interruptible<T>(
  work: (signal: AbortSignal) => Promise<T>,
  leave: () => void,
): Promise<T> {
  const stop = new AbortController();
  let first: number | null = null;
  const interrupt = () => {
    first ??= performance.now();
    stop.abort();
    if (performance.now() - first < SAME_SIGNAL) return;
    leave();
    process.exit(130);
  };
  for (const signal of SIGNALS) process.on(signal, interrupt);
  try {
    return await work(stop.signal);
  } finally {
    for (const signal of SIGNALS) process.off(signal, interrupt);
  }
}
