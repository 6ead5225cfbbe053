import type { BusMessage, Generation, Invalidation } from "@granary/core";

type Invalidated = Extract<BusMessage, { type: "invalidated" }>;

/** So many of the last invalidations are known again. */
const MOST_HEARD = 1_000;

/** The invalidations that were heard, or told: a bus may say one twice, and what came near since must not go for that. */
export class HeardMessages {
  readonly #heard = new Set<string>();

  /** The message of an invalidation that was made here. A bus on which the store itself tells says it here as well. */
  told({ scope, tags }: Invalidation, { epoch, sequence }: Generation): Invalidated {
    const message = { type: "invalidated", scope, ...(tags !== undefined && { tags }), epoch, sequence } as const;
    this.isRepeated(message);
    return message;
  }

  /**
   * Whether exactly this one was heard before. Not whether a later one was: whoever makes a number up could else have
   * those that follow ignored.
   */
  isRepeated({ scope, tags, epoch, sequence }: Invalidated): boolean {
    const name = JSON.stringify([scope, epoch, sequence, tags?.toSorted()]);
    if (this.#heard.has(name)) return true;
    this.#heard.add(name);
    const [oldest] = this.#heard.size > MOST_HEARD ? this.#heard : [];
    if (oldest !== undefined) this.#heard.delete(oldest);
    return false;
  }
}
