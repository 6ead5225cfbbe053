/**
 * Where time comes from. A store may bring its own (the Redis store follows the server's),
 * and tests bring one that stands still until it is told to move.
 */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /**
   * The latest instant that it may be, where the clock follows another one that is known only within bounds: `now()` is
   * the earliest then. Default: `now()`.
   */
  latest?(): number;
  /** Runs `task` once, `ms` milliseconds from now. Returns a function that cancels it. */
  after(ms: number, task: () => void): () => void;
}

/** The longest delay a runtime's timer takes; a longer one would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The clock of the machine. */
export const systemClock: Clock = { now: Date.now, after };

function after(ms: number, task: () => void): () => void {
  let timer = setTimeout(step, Math.min(ms, LONGEST_TIMER_MS));
  let leftMs = ms;
  function step(): void {
    leftMs -= LONGEST_TIMER_MS;
    if (leftMs > 0) timer = setTimeout(step, Math.min(leftMs, LONGEST_TIMER_MS));
    else task();
  }
  return () => clearTimeout(timer);
}

/**
 * Two nodes that follow the clock of one server differ by about a round trip: of two instants that are closer to each
 * other than this nobody can say which is later.
 */
export const CLOCK_ERROR_MS = 10;
