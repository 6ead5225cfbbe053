import type { Awaitable, Clock } from "@granary/core";

/** A machine's clock: it goes as fast as any other, and shows another time. */
export interface MachineClock extends Clock {
  /** An operator sets the clock by this much. */
  shift(ms: number): void;
}

export function machineClock(steady: Clock, skewMs: number): MachineClock {
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

/** A node asks the server for its time at its first call after so long. */
export const SAMPLE_AGE_MS = 30_000;
const LONGEST_WAIT_MS = 250;
/** How far clocks may drift apart in a millisecond: far more than any two do. */
const DRIFT = 1e-4;

export interface Followed {
  readonly steady: Clock;
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
    const askedAt = steady.now();
    try {
      const served = await time();
      const answeredAt = steady.now();
      // An answer that was slow says less than is known already, but for what the two clocks have drifted apart since.
      const known = (offsetMs ?? Number.NEGATIVE_INFINITY) - (answeredAt - sampledAt) * DRIFT;
      offsetMs = Math.min(Math.max(served - answeredAt, known), served - askedAt);
      sampledAt = answeredAt;
    } catch {
      // The call that needed the clock fails as well.
    } finally {
      sampling = undefined;
    }
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

function atMost(steady: Clock, promise: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const cancel = steady.after(LONGEST_WAIT_MS, resolve);
    void promise.then(() => {
      cancel();
      resolve();
    });
  });
}
