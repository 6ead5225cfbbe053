import { atEndOfTurn } from "./end-of-turn.js";
import type { RedisClient } from "./redis-client.js";
import { fullWords, hashWords, isUnknownScript, type Step } from "./script.js";

interface PendingStep {
  readonly step: Step;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Gathers the changes of one turn of the event loop into one pipeline. All of them go through here, since they must
 * reach Redis in the order in which they were asked for: a delete behind a set that still waits has to win.
 */
export class WriteBatch {
  readonly #client: RedisClient;
  #pending: PendingStep[] = [];

  constructor(client: RedisClient) {
    this.#client = client;
  }

  /** Resolves to what Redis answers to `step`. */
  send(step: Step): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#pending.length === 0) atEndOfTurn(() => this.#flush());
      this.#pending.push({ step, resolve, reject });
    });
  }

  #flush(): void {
    const pending = this.#pending;
    this.#pending = [];
    // A pipeline of a cluster is bound to the slots of one node; its commands leave in the same turn without one.
    if (pending.length > 1 && this.#client.isCluster !== true) void this.#pipeline(pending);
    else for (const { step, resolve, reject } of pending) this.#command(step).then(resolve, reject);
  }

  async #command(step: Step): Promise<unknown> {
    try {
      return await this.#client.callBuffer("evalsha", ...hashWords(step));
    } catch (error) {
      if (!isUnknownScript(error)) throw error;
      return this.#client.callBuffer("eval", ...fullWords(step));
    }
  }

  async #pipeline(pending: readonly PendingStep[]): Promise<void> {
    try {
      const commands = pending.map(({ step }) => ["evalshaBuffer", ...hashWords(step)]);
      const results = (await this.#client.pipeline(commands).exec()) ?? [];
      pending.forEach(({ step, resolve, reject }, at) => {
        const [error, result] = results[at] ?? [new Error("The pipeline ended without an answer to this command.")];
        if (error === null) resolve(result);
        else if (isUnknownScript(error)) this.#command(step).then(resolve, reject);
        else reject(error);
      });
    } catch (error) {
      for (const { reject } of pending) reject(error);
    }
  }
}
