import { type Clock, systemClock } from "@granary/core";

/** How long an offset is believed before the server is asked again. */
const SAMPLE_AGE_MS = 30_000;

/** A server that is slower than this to tell its time is not waited for. */
const LONGEST_WAIT_MS = 250;

/**
 * The clock of the Redis server, as far as it can be known here: this machine's steady clock plus an offset that is
 * sampled at the first use and now and then. Of the offsets that a sample allows the least is taken, so that this
 * clock is never ahead of the server's: a load must not be stamped later than a mark that the server set after it
 * began. (Cristian, 1989, with the lower bound instead of the middle.)
 */
export class ServerClock implements Clock {
  readonly after = systemClock.after;
  readonly #time: () => Promise<unknown>;
  #offsetMs: number | undefined;
  #sampledAt = Number.NEGATIVE_INFINITY;
  #sampling: Promise<void> | undefined;

  /** `time` asks the server, which answers seconds and microseconds. */
  constructor(time: () => Promise<unknown>) {
    this.#time = time;
  }

  now(): number {
    return this.#offsetMs === undefined ? systemClock.now() : performance.now() + this.#offsetMs;
  }

  /** Resolves once there was a sample, or for now there is none; samples again, behind, where the last one is old. */
  ready(): Promise<void> | undefined {
    if (performance.now() - this.#sampledAt > SAMPLE_AGE_MS) void this.#sample();
    return this.#offsetMs === undefined && this.#sampling !== undefined
      ? atMost(LONGEST_WAIT_MS, this.#sampling)
      : undefined;
  }

  /** One sample for all who ask meanwhile. A server that does not answer leaves the clock as it is. */
  #sample(): Promise<void> {
    this.#sampling ??= this.#take().finally(() => {
      this.#sampling = undefined;
    });
    return this.#sampling;
  }

  async #take(): Promise<void> {
    try {
      const [seconds, microseconds] = (await this.#time()) as [number | string, number | string];
      const answeredAt = performance.now();
      this.#sampledAt = answeredAt;
      this.#offsetMs = Number(seconds) * 1_000 + Number(microseconds) / 1_000 - answeredAt;
    } catch {
      // The call that needed the clock meets the same failure, and reports it.
    }
  }
}

function atMost(ms: number, promise: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const cancel = systemClock.after(ms, resolve);
    void promise.then(() => {
      cancel();
      resolve();
    });
  });
}
