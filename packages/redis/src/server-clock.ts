import { type Clock, systemClock } from "@granary/core";
import { atMost } from "./at-most.js";
import { steadyClock } from "./steady-clock.js";

/** How long an offset is believed before the server is asked again. */
const SAMPLE_AGE_MS = 30_000;

/** Questions that fail are this long apart. */
const RETRY_MS = 100;

/**
 * A client that refuses sooner than this did not ask anybody. So it costs nothing to try it each time, and the first
 * load that finds it connected again is stamped by the server's clock.
 */
const REFUSED_MS = 10;

/** A server that is slower than this to tell its time is not waited for. */
const LONGEST_WAIT_MS = 250;

/**
 * The clock of the Redis server, as far as it can be known here: this machine's steady clock plus an offset that is
 * sampled at the first use and now and then. Of the offsets that a sample allows the least is taken, so that this
 * clock is never ahead of the server's: a load must not be stamped later than a mark that the server set after it
 * began. (Cristian, 1989, with the lower bound instead of the middle.)
 *
 * Until there is a sample it is the machine's clock. Where the first sample comes late, since the server could not be
 * reached, the clock steps then, by as much as the machine's is off. Deadlines that were set before were set by the
 * machine's clock, in this process's memory only.
 */
export class ServerClock implements Clock {
  readonly after: Clock["after"];
  readonly #time: () => Promise<unknown>;
  readonly #steady: Clock;
  #offsetMs: number | undefined;
  #askAgainAt = Number.NEGATIVE_INFINITY;
  #isAsking = false;
  #waiting: Promise<void> | undefined;
  /** Callers wait in vain once. From then on a server that does not answer is asked again behind them. */
  #patience: "waits" | "lost" = "waits";

  /** `time` asks the server, which answers seconds and microseconds. */
  constructor(time: () => Promise<unknown>, steady: Clock = steadyClock) {
    this.#time = time;
    this.#steady = steady;
    this.after = steady.after;
  }

  now(): number {
    return this.#offsetMs === undefined ? systemClock.now() : this.#steady.now() + this.#offsetMs;
  }

  /** Resolves once there was a sample, or for now there is none; samples again, behind, where the last one is old. */
  ready(): Promise<void> | undefined {
    if (!this.#isAsking && this.#steady.now() >= this.#askAgainAt) this.#ask();
    return this.#offsetMs === undefined ? this.#waiting : undefined;
  }

  /** One question for all who ask meanwhile. */
  #ask(): void {
    this.#isAsking = true;
    const sampled = this.#sample();
    if (this.#offsetMs !== undefined || this.#patience === "lost") return;
    const waiting = this.#wait(sampled).then(() => {
      if (this.#waiting === waiting) this.#waiting = undefined;
    });
    this.#waiting = waiting;
  }

  async #wait(sampled: Promise<void>): Promise<void> {
    const begunAt = this.#steady.now();
    await atMost(LONGEST_WAIT_MS, sampled, this.#steady);
    if (this.#steady.now() - begunAt > REFUSED_MS) this.#patience = "lost";
  }

  async #sample(): Promise<void> {
    const askedAt = this.#steady.now();
    try {
      const [seconds, microseconds] = (await this.#time()) as [number | string, number | string];
      const answeredAt = this.#steady.now();
      this.#offsetMs = Number(seconds) * 1_000 + Number(microseconds) / 1_000 - answeredAt;
      this.#askAgainAt = answeredAt + SAMPLE_AGE_MS;
    } catch {
      // The call that needed the clock meets the same failure, and reports it.
      const isRefused = this.#steady.now() - askedAt < REFUSED_MS;
      this.#askAgainAt = isRefused ? askedAt : askedAt + RETRY_MS;
    } finally {
      this.#isAsking = false;
    }
  }
}
