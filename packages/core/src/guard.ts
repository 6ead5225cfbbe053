import type { PendingAttempt } from "./attempt.js";
import { Breaker } from "./breaker.js";
import type { OptionNames } from "./check-options.js";
import type { Clock } from "./clock.js";
import { Deadlines } from "./deadlines.js";
import { type Duration, parseDuration } from "./duration.js";
import { type Awaitable, isPromiseLike } from "./entry.js";
import { CacheError, isCacheError } from "./errors.js";
import type { BreakerState, StoreHealth } from "./events.js";

/** When a store that does not answer is left alone. */
export interface BreakerOptions {
  /** So many failures in a row, time-outs among them, open the breaker. Default: 5. */
  readonly failures?: number;
  /** So long after it opened, and after each probe that failed, one probe is made. Default: `"1s"`. */
  readonly halfOpenAfter?: Duration;
}

/** The names of the options of a breaker. */
export const BREAKER_OPTIONS: OptionNames<BreakerOptions> = { failures: true, halfOpenAfter: true };

/** How calls of a remote store are guarded. */
export interface GuardOptions {
  /**
   * A call that is not answered within this has failed. One for thousands of keys, and one of thousands at once, has
   * this long a thousand. Default: `"250ms"`.
   */
  readonly timeout?: Duration;
  /** The circuit breaker, or `false` for none. */
  readonly breaker?: BreakerOptions | false;
  /** What the spans are measured by. Default: the store's. Given only in tests. */
  readonly clock?: Clock;
}

export interface GuardParts extends Omit<GuardOptions, "clock"> {
  /** Stands in messages. */
  readonly name: string;
  readonly clock: Clock;
  /** Asks the store for something, to see whether it answers. */
  probe(key: string): Awaitable<unknown>;
  /** Called with each new state of the breaker. */
  changed(state: BreakerState): void;
  /** Called when calls are refused since too many wait: once a second. */
  refusing(error: CacheError): void;
}

/** One call of the store. */
export interface GuardedCall<T> {
  /** A key that the call is about: the breaker probes with the last one that failed. */
  readonly key: string;
  readonly ask: () => Awaitable<T>;
  /** How many thousand keys the call is for. */
  readonly thousands?: number;
  /** A step of a load. One call may load thousands of keys: those that take the step at the same moment count as one. */
  readonly isGathered?: boolean;
  /** Told when the call is given up. */
  readonly attempt?: PendingAttempt;
}

const TIMEOUT_MS = 250;
const FAILURES = 5;
const HALF_OPEN_AFTER_MS = 1_000;
/** Calls that have not been answered, given up or not: beyond these the store is not asked. */
const MOST_PENDING = 20_000;
const REFUSALS_TOLD_MS = 1_000;

const ANSWERS = ["UNREADABLE", "INVALID_VALUE", "UNSUPPORTED", "STORE_REFUSED", "CLOSED"] as const;

/** Stands between a store that may hang, fail or be gone, and those who must not. */
export class Guard {
  /** How long a call is waited for. */
  readonly timeoutMs: number;
  readonly #parts: GuardParts;
  readonly #deadlines: Deadlines;
  readonly #breaker: Breaker;
  #timeouts = 0;
  #refused = 0;
  /** When it was told that calls are refused. */
  #toldAt = Number.NEGATIVE_INFINITY;
  #probeKey = "";
  #lastError: unknown;
  #isClosed = false;

  constructor(parts: GuardParts) {
    const { clock, timeout = TIMEOUT_MS, breaker } = parts;
    const { failures = FAILURES, halfOpenAfter = HALF_OPEN_AFTER_MS } =
      breaker === false ? NO_BREAKER : (breaker ?? {});
    this.#parts = parts;
    this.timeoutMs = parseDuration(timeout, "timeout");
    this.#deadlines = new Deadlines({
      clock,
      limitMs: this.timeoutMs,
      answered: () => this.#breaker.succeeded(),
      failed: (key, error) => this.#failed(key, error),
      late: (key) => this.#late(key),
      overdue: (outcome) => this.#overdue(outcome),
    });
    this.#breaker = new Breaker({
      clock,
      failures: checkFailures(failures),
      halfOpenAfterMs: parseDuration(halfOpenAfter, "breaker.halfOpenAfter"),
      probe: async () => this.#limited({ key: this.#probeKey, ask: () => parts.probe(this.#probeKey) }),
      changed: (state) => this.#changed(state),
    });
  }

  /** What the store answers, in time. A store that answers at once is not waited for. */
  run<T>(call: GuardedCall<T>): Awaitable<T> {
    if (this.#isClosed) return Promise.reject(closed());
    this.#breaker.keepTime();
    if (this.#breaker.state !== "closed") return this.#refuse("its circuit breaker is open");
    if (this.#deadlines.pending >= MOST_PENDING) return this.#refuseTheRest();
    try {
      const answer = this.#limited(call);
      if (!isPromiseLike(answer)) this.#breaker.succeeded();
      return answer;
    } catch (error) {
      this.#judge(call.key, error);
      throw error;
    }
  }

  /** As `run`, for what can be done without: not asked of a store whose last answer did not come. */
  async runIfWell<T>(call: GuardedCall<T>): Promise<T> {
    return this.#breaker.failures === 0 ? this.run(call) : this.#refuse("its last call failed");
  }

  /** Whether the last call that ended was answered, and calls are let through. */
  get isWell(): boolean {
    return this.#breaker.state === "closed" && this.#breaker.failures === 0;
  }

  health(): StoreHealth {
    return {
      state: this.#breaker.state,
      failures: this.#breaker.failures,
      pending: this.#deadlines.pending,
      timeouts: this.#timeouts,
      refused: this.#refused,
      owed: 0,
    };
  }

  /** Nobody uses the store any more: ends every wait, and is as at first. No timer is left. */
  rest(): void {
    this.#breaker.reset();
    this.#deadlines.endAll(closed);
  }

  /** As `rest`, for good. */
  close(): void {
    this.#isClosed = true;
    this.rest();
  }

  #limited<T>({ key, ask, attempt, thousands = 1, isGathered = false }: GuardedCall<T>): Awaitable<T> {
    const answer = ask();
    return isPromiseLike(answer)
      ? this.#deadlines.limit(answer, { key, times: thousands, isGathered, attempt })
      : answer;
  }

  #failed(key: string, error: unknown): void {
    this.#judge(key, error);
  }

  /** The answer of a store that was given up is a sign that it is back. */
  #overdue(outcome: "answered" | "failed"): void {
    if (outcome === "answered") this.#breaker.suspectWell();
  }

  #judge(key: string, error: unknown): void {
    // An answer about an entry, or about what the store can or may do, is an answer.
    if (ANSWERS.some((code) => isCacheError(error, code))) return this.#breaker.succeeded();
    this.#probeKey = key;
    this.#lastError = error;
    this.#breaker.failed();
  }

  #changed(state: BreakerState): void {
    // Whoever still waits would wait in vain.
    if (state === "open") this.#deadlines.endAll(() => this.#unavailable("its circuit breaker has opened"));
    this.#parts.changed(state);
  }

  #late(key: string): Error {
    this.#timeouts += 1;
    const { name, timeout = TIMEOUT_MS } = this.#parts;
    const error = new CacheError(
      "STORE_TIMEOUT",
      `The store "${name}" did not answer within ${typeof timeout === "number" ? `${timeout} ms` : timeout}.`,
    );
    this.#judge(key, error);
    return error;
  }

  /** What the breaker refuses, that has told of. Here nobody else would: it is told once a second, not of each call. */
  #refuseTheRest(): Promise<never> {
    const reason = `${MOST_PENDING} calls have no answer yet`;
    const now = this.#parts.clock.now();
    if (now >= this.#toldAt + REFUSALS_TOLD_MS || now < this.#toldAt) {
      this.#toldAt = now;
      this.#parts.refusing(this.#unavailable(reason));
    }
    return this.#refuse(reason);
  }

  #refuse(reason: string): Promise<never> {
    this.#refused += 1;
    return Promise.reject(this.#unavailable(reason));
  }

  #unavailable(reason: string): CacheError {
    return new CacheError("STORE_UNAVAILABLE", `The store "${this.#parts.name}" was not asked: ${reason}.`, {
      cause: this.#lastError,
    });
  }
}

function closed(): CacheError {
  return new CacheError("CLOSED", "The cache, or its store, was closed.");
}

const NO_BREAKER: BreakerOptions = { failures: Number.POSITIVE_INFINITY };

function checkFailures(failures: number): number {
  if (failures >= 1 && (Number.isInteger(failures) || failures === Number.POSITIVE_INFINITY)) return failures;
  throw new CacheError("INVALID_OPTION", `breaker.failures: takes a whole number from 1 up, not ${String(failures)}.`);
}
