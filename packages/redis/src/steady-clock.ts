import { type Clock, runBehind, systemClock } from "@granary/core";

/** For spans of time: `now()` counts from the start of the process, so that setting the machine's clock moves none. */
export const steadyClock: Clock = {
  now: () => performance.now(),
  after: systemClock.after,
  behind: (ms, task) => runBehind(systemClock, ms, task),
};
