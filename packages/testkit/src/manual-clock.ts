import { CacheError, type Clock } from "@granary/core";
import { nextTurn } from "./event-loop.js";

/** A clock that stands still until a test moves it. */
export interface ManualClock extends Clock {
  /**
   * Lets `ms` milliseconds pass. Timers that fall due run one by one, each at its own instant, those of one
   * instant in the order they were set; promise jobs settle before the first, between two, and after the last.
   * Timers that are set on the way run too, if they fall due. Wait for it before the next `advance`.
   * Rejects with what a timer's task throws. @throws CacheError `INVALID_OPTION` if `ms` is not a number from 0 up.
   */
  advance(ms: number): Promise<void>;
  /**
   * Sets what `now()` answers, in either direction, as an operator who corrects a machine's clock.
   * Timers still run after the span they were set for.
   */
  set(at: number): void;
  /** How many timers wait. 0 once everything under test is closed. */
  readonly pending: number;
}

interface Timer {
  readonly dueAt: number;
  readonly task: () => void;
}

/** An arbitrary instant in 2027, the same in every run. */
const DEFAULT_START = 1_800_000_000_000;

/** A manual clock that stands at `startAt` (milliseconds since the epoch; default: an instant in 2027). @throws CacheError `INVALID_OPTION` */
export function manualClock(startAt: number = DEFAULT_START): ManualClock {
  if (!Number.isFinite(startAt)) {
    throw new CacheError(
      "INVALID_OPTION",
      "A clock stands at a number of milliseconds since 1970, such as Date.now().",
    );
  }
  const timers = new Set<Timer>();
  // Timers go by the time that has passed, `now()` by that plus an offset, so that a jump moves no timer.
  let passedMs = 0;
  let offset = startAt;

  async function advance(ms: number): Promise<void> {
    if (!(ms >= 0)) throw new CacheError("INVALID_OPTION", `A clock advances by 0 ms or more, not by ${ms}.`);
    const end = passedMs + ms;
    await nextTurn();
    for (let timer = nextDue(timers, end); timer !== undefined; timer = nextDue(timers, end)) {
      timers.delete(timer);
      passedMs = Math.max(passedMs, timer.dueAt);
      timer.task();
      await nextTurn();
    }
    passedMs = Math.max(passedMs, end);
    await nextTurn();
  }

  function after(ms: number, task: () => void): () => void {
    const timer = { dueAt: passedMs + Math.max(0, ms), task };
    timers.add(timer);
    return () => void timers.delete(timer);
  }

  return {
    now: () => offset + passedMs,
    after,
    advance,
    set: (at) => {
      offset = at - passedMs;
    },
    get pending() {
      return timers.size;
    },
  };
}

/** The earliest timer due by `end`; of several at one instant the one set first, which a Set yields first. */
function nextDue(timers: ReadonlySet<Timer>, end: number): Timer | undefined {
  let next: Timer | undefined;
  for (const timer of timers) {
    if (timer.dueAt <= end && (next === undefined || timer.dueAt < next.dueAt)) next = timer;
  }
  return next;
}
