import { onAbort } from "./abort-listeners.js";
import type { Clock } from "./clock.js";
import type { Flight, Outcome } from "./flight.js";

/** How the wait for a flight ended: with its outcome, with the time up, or with the caller's signal. */
export type Waited = Outcome | { readonly type: "late" } | { readonly type: "aborted"; readonly reason: unknown };

export interface Patience {
  readonly clock: Clock;
  /** `Infinity` waits as long as it takes, without a timer. */
  readonly ms: number;
  readonly signal: AbortSignal | undefined;
}

/** Waits for `flight` no longer than `patience` lasts. Leaves no timer and no listener of the signal behind. */
export function waitFor(flight: Flight, { clock, ms, signal }: Patience): Promise<Waited> {
  return new Promise((resolve) => {
    const cancel = ms === Number.POSITIVE_INFINITY ? undefined : clock.after(ms, () => finish({ type: "late" }));
    const abort = (): void => finish({ type: "aborted", reason: signal?.reason });
    const finish = (waited: Waited): void => {
      cancel?.();
      leave?.();
      resolve(waited);
    };
    const leave = signal && onAbort(signal, abort);
    flight.whenLanded(finish);
    if (signal?.aborted === true) abort();
  });
}

/** Rejects with the signal's reason as soon as it aborts, and else ends as `task` does. A task is not started too late. */
export function unlessAborted<T>(signal: AbortSignal, task: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) return abort();
    const leave = onAbort(signal, abort);
    task().then(resolve, reject).finally(leave);
  });
}

/** What `task` gives; what it throws at once rejects. */
export function promised<T>(task: () => Promise<T>): Promise<T> {
  try {
    return task();
  } catch (error) {
    return Promise.reject(error);
  }
}
