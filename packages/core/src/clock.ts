import { machineNow, onLeap } from "./machine-time.js";
import { after, behind } from "./timers.js";

/**
 * Where time comes from. A store may bring its own (the Redis store follows the server's),
 * and tests bring one that stands still until it is told to move.
 */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs `task` once, `ms` milliseconds from now. Returns a function that cancels it. */
  after(ms: number, task: () => void): () => void;
  /** As `after`, for what no caller waits for: it need not keep the process. Default: `after`. */
  behind?(ms: number, task: () => void): () => void;
  /**
   * Calls `listener` when time has leapt: the process was suspended, or its clock was set, so that messages may have been
   * missed. Returns a function that stops it.
   */
  readonly onLeap?: ((listener: () => void) => () => void) | undefined;
}

/** Runs `task` once, for nobody who waits: by `behind` where the clock has it. */
export function runBehind(clock: Clock, ms: number, task: () => void): () => void {
  return clock.behind === undefined ? clock.after(ms, task) : clock.behind(ms, task);
}

/**
 * The clock of the machine, or whatever a test has put in its place at this moment. It never goes back, and tells of
 * leaps: docs/clocks.md.
 */
export const systemClock: Clock = { now: machineNow, after, behind, onLeap };

/**
 * Two nodes that follow the clock of one server differ by about a round trip: of two instants that are closer to each
 * other than this nobody can say which is later.
 */
export const CLOCK_ERROR_MS = 10;
