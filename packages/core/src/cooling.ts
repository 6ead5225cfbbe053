/** Refreshes that failed lately are remembered for this many keys. */
const MOST_COOLING = 10_000;

interface Span {
  readonly from: number;
  readonly until: number;
}

/** Keys that were refreshed in vain, and are not to be loaded again for a while. */
export class Cooling {
  readonly #retryAt = new Map<string, Span>();

  /** From the instant `from` until the instant `until`. */
  begin(key: string, span: Span): void {
    this.#retryAt.delete(key);
    this.#retryAt.set(key, span);
    const [oldest] = this.#retryAt.keys();
    if (this.#retryAt.size > MOST_COOLING && oldest !== undefined) this.#retryAt.delete(oldest);
  }

  isOn(key: string, now: number): boolean {
    const span = this.#retryAt.get(key);
    if (span === undefined) return false;
    // Where the clock has gone back, as when a test takes its own one out, nobody knows how long ago it was.
    if (now >= span.from && now < span.until) return true;
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
