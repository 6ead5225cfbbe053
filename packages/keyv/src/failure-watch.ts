import type { KeyvLike } from "./keyv-like.js";

/** For outcomes that look the same whether the call failed or not. */
export function provesNothing(): boolean {
  return false;
}

/**
 * Finds out whether a call of Keyv failed. Most failures only show as an `error` event beside an answer that looks
 * like a miss, and no event says which call it belongs to. So an answer that could be such a mask counts as a failure
 * if any error was heard while the call ran: a miss taken for a failure costs a load, the reverse loses an outage.
 */
export class FailureWatch {
  readonly #keyv: KeyvLike;
  readonly #listener: (error: unknown) => void;
  #heard = 0;
  /** The store, while it is in use, and each call that runs. */
  #users = 0;
  #last: unknown;

  /** `report` hears each error at once, while the watch is on. */
  constructor(keyv: KeyvLike, report: (error: unknown) => void) {
    this.#keyv = keyv;
    this.#listener = (error) => {
      this.#heard += 1;
      this.#last = error;
      report(error);
    };
  }

  /** Listens to Keyv, until what it returns is called. */
  start(): () => void {
    this.#users += 1;
    if (this.#users === 1) this.#keyv.on("error", this.#listener);
    return () => {
      this.#users -= 1;
      if (this.#users === 0) this.#keyv.off("error", this.#listener);
    };
  }

  /** The outcome of `call`, unless an error was heard meanwhile and the outcome does not prove that it is another's. */
  async run<T>(call: () => PromiseLike<T>, provesSuccess: (outcome: T, error: unknown) => boolean): Promise<T> {
    const stop = this.start();
    try {
      const before = this.#heard;
      const outcome = await call();
      if (this.#heard !== before && !provesSuccess(outcome, this.#last)) throw this.#last;
      return outcome;
    } finally {
      stop();
    }
  }
}
