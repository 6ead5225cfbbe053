import type { BusListener, Clock } from "@granary/core";
import { type MarkedMessage, readMarks } from "./mark-messages.js";
import type { RedisClient } from "./redis-client.js";

export interface MarkReadsParts {
  readonly client: RedisClient;
  readonly clock: Clock;
  readonly told: BusListener;
}

/** Beyond these all are told once more. */
const MOST_KNOWN = 10_000;

/**
 * Tells of marks that were raised. Redis says only which keys changed, and what a mark hides is in what it holds: so
 * each is read back. One read at a time: what is raised meanwhile waits for the next, which keeps a client that does
 * not answer from piling them up.
 */
export class MarkReads {
  readonly #parts: MarkReadsParts;
  readonly #wanted = new Set<string>();
  /** Marks that were told, with their instants. */
  readonly #known = new Map<string, number>();
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

  /** The mark of a namespace changes with each deletion of a key too, which is told by the key itself. */
  #isNews({ scope, tags, at }: MarkedMessage): boolean {
    const name = JSON.stringify([scope, tags]);
    if (at <= (this.#known.get(name) ?? Number.NEGATIVE_INFINITY)) return false;
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    this.#known.set(name, at);
    return true;
  }

  /** Where marks cannot be read, nothing that was taken in before them is trusted any more. */
  async #readSome(keys: readonly string[]): Promise<void> {
    const { client, told } = this.#parts;
    try {
      const marks = await readMarks(client, keys);
      for (const message of marks.filter((mark) => this.#isNews(mark))) told.message(message);
    } catch {
      told.gap();
    }
  }
}
