import type { RedisClient } from "./redis-client.js";
import { WAKE_CHANNEL } from "./script-source.js";
import { type SubscribedLine, subscribedLine } from "./subscribed-line.js";

/**
 * Tells those who wait for a lease that it has ended. It listens from the first who waits on.
 * What it misses is made up for by their asking again, so its troubles are nobody's concern.
 */
export class LeaseWakes {
  readonly #client: RedisClient;
  readonly #waiting = new Map<string, Set<() => void>>();
  #line: SubscribedLine | undefined;

  constructor(client: RedisClient) {
    this.#client = client;
  }

  watch(key: string, wake: () => void): () => void {
    this.#line ??= this.#open();
    const waiting = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, waiting.add(wake));
    return () => {
      waiting.delete(wake);
      if (waiting.size === 0 && this.#waiting.get(key) === waiting) this.#waiting.delete(key);
    };
  }

  /** Listens no more, until somebody waits again. */
  async rest(): Promise<void> {
    const line = this.#line;
    this.#line = undefined;
    await line?.close();
  }

  #open(): SubscribedLine {
    return subscribedLine({
      client: this.#client,
      channel: WAKE_CHANNEL,
      begun: () => {},
      heard: (key) => this.#wake(key),
      failed: () => {},
    });
  }

  #wake(key: string): void {
    for (const wake of [...(this.#waiting.get(key) ?? [])]) wake();
  }
}
