/** Refreshes that failed lately are remembered for this many keys. */
const MOST_COOLING = 10_000;

/** Keys that were refreshed in vain, and are not to be loaded again for a while. */
export class Cooling {
  readonly #retryAt = new Map<string, number>();

  /** Until the instant `until`. */
  begin(key: string, until: number): void {
    this.#retryAt.delete(key);
    this.#retryAt.set(key, until);
    const [oldest] = this.#retryAt.keys();
    if (this.#retryAt.size > MOST_COOLING && oldest !== undefined) this.#retryAt.delete(oldest);
  }

  isOn(key: string, now: number): boolean {
    const until = this.#retryAt.get(key);
    if (until === undefined) return false;
    if (now < until) return true;
    this.#retryAt.delete(key);
    return false;
  }

  end(key: string): void {
    this.#retryAt.delete(key);
  }

  endAll(): void {
    this.#retryAt.clear();
  }

  keys(): Iterable<string> {
    return this.#retryAt.keys();
  }
}
