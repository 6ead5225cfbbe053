import type { Awaitable, Clock } from "@granary/core";
import type { ManualClock } from "@granary/testkit";

/** A machine's clock: it goes as fast as any other, and shows another time. */
export interface MachineClock extends Clock {
  /** An operator sets the clock by this much. */
  shift(ms: number): void;
}

export function machineClock(steady: ManualClock, skewMs: number): MachineClock {
  let offsetMs = skewMs;
  return {
    now: () => steady.now() + offsetMs,
    after: (ms, task) => steady.after(ms, task),
    shift: (ms) => {
      offsetMs += ms;
    },
  };
}

/** A node's idea of the server's clock. */
export interface FollowedClock {
  readonly clock: Clock;
  readonly ready: () => Awaitable<void>;
}

const SAMPLE_AGE_MS = 30_000;
const LONGEST_WAIT_MS = 250;

export interface Followed {
  readonly steady: ManualClock;
  readonly machine: Clock;
  /** Asks the server for its time. */
  time(): Promise<number>;
}

/** As the Redis store does: the machine's steady clock plus the least offset that a sample of the server's time allows. */
export function followedClock({ steady, machine, time }: Followed): FollowedClock {
  let offsetMs: number | undefined;
  let sampledAt = Number.NEGATIVE_INFINITY;
  let sampling: Promise<void> | undefined;
  const take = async (): Promise<void> => {
    const served = await time();
    sampledAt = steady.now();
    offsetMs = served - sampledAt;
    sampling = undefined;
  };
  return {
    clock: {
      now: () => (offsetMs === undefined ? machine.now() : steady.now() + offsetMs),
      after: (ms, task) => steady.after(ms, task),
    },
    ready: () => {
      if (steady.now() - sampledAt > SAMPLE_AGE_MS) sampling ??= take();
      return offsetMs === undefined && sampling !== undefined ? atMost(steady, sampling) : undefined;
    },
  };
}

function atMost(steady: ManualClock, promise: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const cancel = steady.after(LONGEST_WAIT_MS, resolve);
    void promise.then(() => {
      cancel();
      resolve();
    });
  });
}
