import type { PendingAttempt } from "./attempt.js";
import type { Clock } from "./clock.js";
import { isolatesRequests } from "./runtime.js";

/** Calls of one moment, which share a timer. */
interface Batch {
  readonly waits: Wait[];
  /** How many of them have no answer yet. */
  waiting: number;
  /** How many of those that count as one have not ended. */
  gathered: number;
  cancel: () => void;
}

/** The wait for one call. */
interface Wait {
  readonly key: string;
  /** Ends it without an answer; `undefined` once it is over. */
  end: ((reason: Error) => void) | undefined;
  readonly attempt: PendingAttempt | undefined;
}

/** What is waited for. */
export interface LimitedCall {
  readonly key: string;
  /** How many times the limit it may take. */
  readonly times: number;
  /** Calls of the moment that count as one, since one call of the application may have begun them all. */
  readonly isGathered: boolean;
  /** Told when the call is given up. */
  readonly attempt?: PendingAttempt | undefined;
}

export interface DeadlinesOptions {
  readonly clock: Clock;
  readonly limitMs: number;
  /** A call was answered in time. */
  answered(): void;
  /** A call about `key` failed in time. */
  failed(key: string, error: unknown): void;
  /** A call about `key` has run out of time; returns its error. */
  late(key: string): Error;
  /** A call that was given up has ended after all, with an answer or not. */
  overdue(outcome: "answered" | "failed"): void;
}

/** Calls of one moment for which the limit is meant: thousands take their time, also in this process. */
const CALLS_A_LIMIT = 1_000;

/** Ends the wait for calls that take too long. The calls themselves cannot be ended: what they answer late is dropped. */
export class Deadlines {
  readonly #options: DeadlinesOptions;
  readonly #batches = new Set<Batch>();
  #open: Batch | undefined;
  #pending = 0;

  constructor(options: DeadlinesOptions) {
    this.#options = options;
  }

  /** Calls that have not ended, given up or not. */
  get pending(): number {
    return this.#pending;
  }

  /** Resolves as `answer` does, or rejects when that takes too long. */
  limit<T>(answer: PromiseLike<T>, { key, times, isGathered, attempt }: LimitedCall): Promise<T> {
    const batch = times === 1 && !isolatesRequests ? (this.#open ?? this.#openBatch()) : this.#batchOfItsOwn(times);
    const { answered, failed, overdue } = this.#options;
    return new Promise((resolve, reject) => {
      const wait: Wait = { key, end: reject, attempt };
      batch.waits.push(wait);
      batch.waiting += 1;
      if (!isGathered || batch.gathered === 0) this.#pending += 1;
      if (isGathered) batch.gathered += 1;
      const ended = (): void => {
        if (isGathered) batch.gathered -= 1;
        if (!isGathered || batch.gathered === 0) this.#pending -= 1;
      };
      answer.then(
        (value) => {
          ended();
          if (!this.#isInTime(batch, wait)) return overdue("answered");
          answered();
          resolve(value);
        },
        (error: unknown) => {
          ended();
          if (!this.#isInTime(batch, wait)) return overdue("failed");
          failed(key, error);
          reject(error);
        },
      );
    });
  }

  /** Ends every wait, with `reason`. No timer is left. */
  endAll(reason: () => Error): void {
    for (const batch of [...this.#batches]) this.#endWaits(batch, reason);
  }

  #isInTime(batch: Batch, wait: Wait): boolean {
    if (wait.end === undefined) return false;
    wait.end = undefined;
    batch.waiting -= 1;
    if (batch.waiting === 0 && batch !== this.#open) this.#end(batch);
    return true;
  }

  /** A timer a call would cost more than the rest of the guard: the calls of about a millisecond share one. */
  #openBatch(): Batch {
    const batch = this.#newBatch();
    this.#open = batch;
    batch.cancel = this.#options.clock.after(0, () => {
      this.#open = undefined;
      if (batch.waiting === 0) this.#end(batch);
      else this.#arm(batch, Math.ceil(batch.waiting / CALLS_A_LIMIT));
    });
    return batch;
  }

  #batchOfItsOwn(times: number): Batch {
    const batch = this.#newBatch();
    this.#arm(batch, times);
    return batch;
  }

  #newBatch(): Batch {
    const batch: Batch = { waits: [], waiting: 0, gathered: 0, cancel: () => {} };
    this.#batches.add(batch);
    return batch;
  }

  /**
   * After a stall of the event loop timers run before sockets are read, so an answer that has long been here would
   * count as late: one more turn lets it in.
   */
  #arm(batch: Batch, times: number): void {
    const { clock, limitMs, late } = this.#options;
    if (limitMs === Number.POSITIVE_INFINITY) return;
    batch.cancel = clock.after(limitMs * times, () => {
      batch.cancel = clock.after(0, () => this.#endWaits(batch, late));
    });
  }

  #endWaits(batch: Batch, reason: (key: string) => Error): void {
    this.#end(batch);
    for (const wait of batch.waits) {
      const { end, key, attempt } = wait;
      if (end === undefined) continue;
      wait.end = undefined;
      attempt?.giveUp();
      end(reason(key));
    }
  }

  #end(batch: Batch): void {
    batch.cancel();
    this.#batches.delete(batch);
    if (this.#open === batch) this.#open = undefined;
  }
}
