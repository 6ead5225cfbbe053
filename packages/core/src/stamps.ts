import type { Clock } from "./clock.js";

/** A quarter of a microsecond: the smallest step that a millisecond since the epoch can still be told from another by. */
const STEP_MS = 2 ** -12;

/**
 * When loads and marks of this process are said to have happened, so that the order in which they did can be read
 * from it, also within one millisecond and when the clock is set back: what begins after a mark is younger than it,
 * and a mark is at least as young as what began before. (A hybrid logical clock: Kulkarni et al., 2014.)
 */
export class Stamps {
  readonly #clock: Clock;
  #latestStamp = Number.NEGATIVE_INFINITY;
  #latestMark = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** For a load or a write that begins `now`. */
  begin(now: number): number {
    const stamp = Math.max(now, this.#latestMark + STEP_MS);
    this.#latestStamp = Math.max(this.#latestStamp, stamp);
    return stamp;
  }

  /**
   * For a mark that is set now, or a deletion: at the least as young as everything that began here, and as what began on
   * other nodes that had heard of the last mark. Where the clock has stood still since then, or was set back, those are
   * stamped a step after that mark. By the latest instant that it may be: a load that began before it is then never
   * stamped later, also where another node knows the time better.
   */
  mark(): number {
    const now = this.#clock.latest?.() ?? this.#clock.now();
    return Math.max(now, this.#latestStamp, this.#latestMark + STEP_MS);
  }

  /** A mark was set, here or elsewhere: what begins from now on is younger. */
  observe(markAt: number): void {
    this.#latestMark = Math.max(this.#latestMark, markAt);
  }
}
