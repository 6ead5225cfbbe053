import { type Clock, runBehind } from "@granary/core";

/**
 * Runs `task` when something has not come within `ms`; the function that is returned calls it off. A process that was
 * held up finds the timer due and what it waits for unread, in this order: so sockets are read once more before, which
 * happens between two timers.
 */
export function afterReading(clock: Clock, ms: number, task: () => void): () => void {
  let cancel = runBehind(clock, ms, () => {
    cancel = clock.after(0, task);
  });
  return () => cancel();
}
