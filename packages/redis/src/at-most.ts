import type { Clock } from "@granary/core";

/** Resolves once `promise` has settled, either way, or `ms` have passed. Whether it had settled. */
export function atMost(ms: number, promise: Promise<unknown>, clock: Pick<Clock, "after">): Promise<boolean> {
  return new Promise((resolve) => {
    const cancel = clock.after(ms, () => resolve(false));
    const settled = (): void => {
      cancel();
      resolve(true);
    };
    promise.then(settled, settled);
  });
}
