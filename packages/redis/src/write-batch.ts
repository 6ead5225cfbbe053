import { atEndOfTurn } from "./end-of-turn.js";
import type { RedisClient } from "./redis-client.js";

/** A change of what Redis holds. `ttlMs` is left out for what never expires. */
export type Write =
  | { readonly type: "set"; readonly key: string; readonly value: string | Buffer; readonly ttlMs?: number }
  | { readonly type: "unlink"; readonly keys: string[] };

interface PendingWrite {
  readonly write: Write;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Gathers the writes of one turn of the event loop into one pipeline. All changes go through here, since they
 * must reach Redis in the order in which they were asked for: a delete behind a set that still waits has to win.
 */
export class WriteBatch {
  readonly #client: RedisClient;
  #pending: PendingWrite[] = [];

  constructor(client: RedisClient) {
    this.#client = client;
  }

  /** Resolves to what Redis answers to `write`. */
  send(write: Write): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#pending.length === 0) atEndOfTurn(() => this.#flush());
      this.#pending.push({ write, resolve, reject });
    });
  }

  #flush(): void {
    const pending = this.#pending;
    this.#pending = [];
    // A pipeline of a cluster is bound to the slots of one node; its commands leave in the same turn without one.
    if (pending.length > 1 && this.#client.isCluster !== true) void this.#pipeline(pending);
    else for (const { write, resolve, reject } of pending) this.#command(write).then(resolve, reject);
  }

  async #command(write: Write): Promise<unknown> {
    if (write.type === "unlink") return this.#client.unlink(write.keys);
    if (write.ttlMs === undefined) return this.#client.set(write.key, write.value);
    return this.#client.set(write.key, write.value, "PX", write.ttlMs);
  }

  async #pipeline(pending: readonly PendingWrite[]): Promise<void> {
    try {
      const results = (await this.#client.pipeline(pending.map(({ write }) => wordsOf(write))).exec()) ?? [];
      pending.forEach(({ resolve, reject }, at) => {
        const [error, result] = results[at] ?? [new Error("The pipeline ended without an answer to this command.")];
        if (error === null) resolve(result);
        else reject(error);
      });
    } catch (error) {
      for (const { reject } of pending) reject(error);
    }
  }
}

function wordsOf(write: Write): unknown[] {
  if (write.type === "unlink") return ["unlink", ...write.keys];
  if (write.ttlMs === undefined) return ["set", write.key, write.value];
  return ["set", write.key, write.value, "PX", write.ttlMs];
}
