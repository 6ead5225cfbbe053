import type { BusListener, Clock } from "@granary/core";
import { readMarks } from "./mark-messages.js";
import type { RedisClient } from "./redis-client.js";

export interface MarkReadsParts {
  readonly client: RedisClient;
  readonly clock: Clock;
  readonly told: BusListener;
}

/**
 * Tells of marks that were raised. Redis says only which keys changed, and what a mark hides is in what it holds: so
 * each is read back. One read at a time: what is raised meanwhile waits for the next, which keeps a client that does
 * not answer from piling them up.
 */
export class MarkReads {
  readonly #parts: MarkReadsParts;
  readonly #wanted = new Set<string>();
  #unreadSince = Number.POSITIVE_INFINITY;
  #state: "idle" | "reading" | "closed" = "idle";

  constructor(parts: MarkReadsParts) {
    this.#parts = parts;
  }

  /** Up to this instant of the clock all marks have been told. */
  get unreadSince(): number {
    return this.#unreadSince;
  }

  read(keys: readonly string[]): void {
    if (this.#state === "closed") return;
    for (const key of keys) this.#wanted.add(key);
    if (this.#wanted.size > 0 && this.#state === "idle") void this.#readAll();
  }

  close(): void {
    this.#state = "closed";
    this.#wanted.clear();
  }

  async #readAll(): Promise<void> {
    this.#state = "reading";
    while (this.#wanted.size > 0) {
      // What was wanted while the last read was under way is not older than the beginning of that one.
      this.#unreadSince = Math.min(this.#unreadSince, this.#parts.clock.now());
      const keys = [...this.#wanted];
      this.#wanted.clear();
      await this.#readSome(keys);
    }
    this.#unreadSince = Number.POSITIVE_INFINITY;
    if (this.#state === "reading") this.#state = "idle";
  }

  /** Where marks cannot be read, nothing that was taken in before them is trusted any more. */
  async #readSome(keys: readonly string[]): Promise<void> {
    const { client, told } = this.#parts;
    try {
      for (const message of await readMarks(client, keys)) told.message(message);
    } catch {
      told.gap();
    }
  }
}
