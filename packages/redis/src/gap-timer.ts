import type { Clock } from "@granary/core";
import { afterReading } from "./after-reading.js";

/** What tells when messages may have been missed, and needs for that. */
export interface GapTimerParts {
  readonly clock: Clock;
  /** Up to which instant of the clock nothing that was said has been missed. */
  aliveAt(): number;
  gap(): void;
}

/** For this long a copy may be trusted without anybody saying that it still holds. */
const LONGEST_UNHEARD_MS = 2_000;

/**
 * Tells a gap whenever nothing is known of the last two seconds, and then every two seconds until something is. So no
 * copy that was taken in since the last gap is trusted for longer, however long an outage takes; and one that is over
 * sooner costs no more than the gap at its end.
 */
export class GapTimer {
  readonly #parts: GapTimerParts;
  #toldAt: number;
  #cancel = (): void => {};

  constructor(parts: GapTimerParts) {
    this.#parts = parts;
    this.#toldAt = parts.clock.now();
    this.#wait();
  }

  /** Tells a gap now. */
  tell(): void {
    this.#toldAt = this.#parts.clock.now();
    this.#parts.gap();
  }

  close(): void {
    this.#cancel();
  }

  #wait(): void {
    const { clock } = this.#parts;
    const aliveAt = this.#parts.aliveAt();
    // Where this process was held up, the answer that tells more is there and unread.
    this.#cancel = afterReading(clock, Math.max(0, this.#dueAt - clock.now()), () => {
      if (clock.now() >= this.#dueAt && this.#parts.aliveAt() === aliveAt) this.tell();
      this.#wait();
    });
  }

  get #dueAt(): number {
    return Math.max(this.#parts.aliveAt(), this.#toldAt) + LONGEST_UNHEARD_MS;
  }
}
