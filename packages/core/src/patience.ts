import type { Clock } from "./clock.js";

/** How the wait for a promise ended: with its value, with the time up, or with the caller's signal. */
export type Waited<T> =
  | { readonly type: "settled"; readonly value: T }
  | { readonly type: "late" }
  | { readonly type: "aborted"; readonly reason: unknown };

export interface Patience {
  readonly clock: Clock;
  /** `Infinity` waits as long as it takes, without a timer. */
  readonly ms: number;
  readonly signal: AbortSignal | undefined;
}

/** Waits for `promise`, which must not reject, no longer than `patience` lasts. Leaves no timer and no listener behind. */
export function waitFor<T>(promise: Promise<T>, { clock, ms, signal }: Patience): Promise<Waited<T>> {
  return new Promise((resolve) => {
    const cancel = ms === Number.POSITIVE_INFINITY ? undefined : clock.after(ms, () => finish({ type: "late" }));
    const abort = (): void => finish({ type: "aborted", reason: signal?.reason });
    const finish = (waited: Waited<T>): void => {
      cancel?.();
      signal?.removeEventListener("abort", abort);
      resolve(waited);
    };
    signal?.addEventListener("abort", abort);
    void promise.then((value) => finish({ type: "settled", value }));
    if (signal?.aborted === true) abort();
  });
}

/** Rejects with the signal's reason as soon as it aborts, and else ends as `task` does. A task is not started too late. */
export function unlessAborted<T>(signal: AbortSignal, task: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort);
    const done = (): void => signal.removeEventListener("abort", abort);
    task().then(resolve, reject).finally(done);
  });
}
