import { CacheError, type Clock } from "@granary/core";
import type { ServerClock } from "./server-clock.js";
import { steadyClock } from "./steady-clock.js";

/** Until when the server may do what is sent to it now. */
export interface Limit {
  /** The latest instant by the server's clock, in whole milliseconds; "" where there is none. */
  readonly until: number | "";
  /** How long it is waited for, and since when by the steady clock. */
  readonly ms: number;
  readonly since: number;
}

/** As a guard counts them. */
const CALLS_A_TIMEOUT = 1_000;

const UNLIMITED: Limit = { until: "", ms: Number.POSITIVE_INFINITY, since: 0 };

/** How long those who ask Redis for something wait for it. What it would do later than that it must not do at all. */
export class Patience {
  readonly #server: Pick<ServerClock, "isKnown" | "latest">;
  readonly #steady: Pick<Clock, "now">;
  #ms: number | undefined;

  constructor(server: Pick<ServerClock, "isKnown" | "latest">, steady: Pick<Clock, "now"> = steadyClock) {
    this.#server = server;
    this.#steady = steady;
  }

  /** Somebody waits `ms` milliseconds. The longest of several counts. */
  giveUpAfter(ms: number): void {
    this.#ms = Math.max(this.#ms ?? 0, ms);
  }

  /**
   * The limit of `count` steps that are sent together. Whoever makes thousands of calls at once waits longer for each.
   * It starts when they are sent, which is a little earlier than a guard starts to count, and goes by the latest instant
   * that it may be at the server: what is in time is not refused.
   */
  limitOf(count: number): Limit {
    if (this.#ms === undefined || this.#ms === Number.POSITIVE_INFINITY || !this.#server.isKnown) return UNLIMITED;
    const ms = this.#ms * Math.ceil(count / CALLS_A_TIMEOUT);
    return { until: Math.ceil(this.#server.latest() + ms), ms, since: this.#steady.now() };
  }

  /**
   * The limit to ask with again, where the server has refused something as late at `serverAt` of its clock and that
   * answer is here in time: then its clock is another one than was thought. It was set, or is that of another node.
   * `undefined` where it really was late.
   */
  again(limit: Limit, serverAt: number): Limit | undefined {
    const isInTime = this.#steady.now() - limit.since < limit.ms;
    return isInTime ? { ...limit, until: Math.ceil(serverAt + limit.ms) } : undefined;
  }
}

/** Says that Redis came to something too late; `cause` is what it answered. */
export function tooLate(cause: unknown): CacheError {
  return new CacheError("STORE_TIMEOUT", "This came to Redis too late, and was not done.", { cause });
}
