/** Those who wait for one signal, behind its one listener. */
interface Waiting {
  readonly listeners: Set<() => void>;
  stop(): void;
}

const waitingFor = new WeakMap<AbortSignal, Waiting>();

/**
 * Calls `listener` when `signal` aborts, unless the function that it returns is called before. However many listen in
 * this way, the signal has one listener: a runtime takes more than ten of them for a leak, and warns.
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  const waiting = waitingFor.get(signal) ?? listenTo(signal);
  const { listeners } = waiting;
  // A wrapper of its own, so that one function that listens twice can leave once.
  const own = (): void => listener();
  listeners.add(own);
  return () => {
    if (listeners.delete(own) && listeners.size === 0) waiting.stop();
  };
}

function listenTo(signal: AbortSignal): Waiting {
  const listeners = new Set<() => void>();
  const stop = (): void => {
    waitingFor.delete(signal);
    signal.removeEventListener("abort", abort);
  };
  const abort = (): void => {
    stop();
    for (const listener of listeners) listener();
  };
  const waiting = { listeners, stop };
  waitingFor.set(signal, waiting);
  signal.addEventListener("abort", abort);
  return waiting;
}
