import { type Clock, runBehind } from "./clock.js";
import type { BreakerState } from "./events.js";

export interface BreakerParts {
  readonly clock: Clock;
  /** So many failures in a row open it. */
  readonly failures: number;
  /** So long it stays open before it is tried again. */
  readonly halfOpenAfterMs: number;
  /** One call to find out whether there is an answer again. */
  probe(): Promise<unknown>;
  /** Called with each new state. */
  changed(state: BreakerState): void;
}

/** A timer that is later than this is gone, and so is whoever made a probe that takes longer. */
const OVERDUE_MS = 100;
const LONGEST_PROBE_MS = 30_000;

/**
 * Keeps calls from a store that does not answer. Closed, it lets all pass; so many failures in a row open it; after a
 * while it is half-open for one probe, which closes it or opens it again. (Nygard, Release It!, 2007.) The probe is a
 * call of its own, so that no reader pays for it, and a store that nobody asks is found well again all the same.
 */
export class Breaker {
  readonly #parts: BreakerParts;
  #state: BreakerState = "closed";
  #failures = 0;
  /** When something else should have happened, by the clock. */
  #overdueAt = Number.POSITIVE_INFINITY;
  #cancel = (): void => {};
  /** Goes up when it is reset: a probe of before says nothing any more. */
  #round = 0;

  constructor(parts: BreakerParts) {
    this.#parts = parts;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** Calls that failed in a row, up to now. */
  get failures(): number {
    return this.#failures;
  }

  succeeded(): void {
    // What was asked before it opened and is answered after that is no proof that calls are in time again.
    if (this.#state === "closed") this.#failures = 0;
  }

  failed(): void {
    this.#failures += 1;
    if (this.#state === "closed" && this.#failures >= this.#parts.failures) this.#open();
  }

  /** A sign that the store may answer again: finds out at once. */
  suspectWell(): void {
    if (this.#state === "open") void this.#probe();
  }

  /** Makes the probe that is due, should the timer for it, or who made the last one, be gone. */
  keepTime(): void {
    if (this.#state !== "closed" && this.#parts.clock.now() >= this.#overdueAt) void this.#probe();
  }

  /** As at first, without a word. No timer is left. */
  reset(): void {
    this.#cancel();
    this.#round += 1;
    this.#state = "closed";
    this.#failures = 0;
  }

  #open(): void {
    this.#enter("open");
    this.#expect(this.#parts.halfOpenAfterMs);
    this.#cancel = runBehind(this.#parts.clock, this.#parts.halfOpenAfterMs, () => void this.#probe());
  }

  async #probe(): Promise<void> {
    const round = this.#round;
    this.#cancel();
    this.#enter("half-open");
    this.#expect(Math.max(this.#parts.halfOpenAfterMs, LONGEST_PROBE_MS));
    const isAnswered = await this.#parts.probe().then(
      () => true,
      () => false,
    );
    if (round !== this.#round) return;
    if (!isAnswered) return this.#open();
    this.#failures = 0;
    this.#enter("closed");
  }

  #expect(ms: number): void {
    this.#overdueAt = this.#parts.clock.now() + ms + OVERDUE_MS;
  }

  #enter(state: BreakerState): void {
    this.#state = state;
    this.#parts.changed(state);
  }
}
