import type { BusMessage } from "@granary/core";

type Invalidated = Extract<BusMessage, { type: "invalidated" }>;

/** So many of the last invalidations are known again. */
const MOST_HEARD = 1_000;

/** The invalidations that were heard: a bus may say one twice, and what came near since must not go for that. */
export class HeardMessages {
  readonly #heard = new Set<string>();

  /**
   * Whether exactly this one was heard before. Not whether a later one was: whoever makes a number up could else have
   * those that follow ignored.
   */
  isRepeated({ scope, tags, epoch, sequence }: Invalidated): boolean {
    const name = JSON.stringify([scope, epoch, sequence, tags]);
    if (this.#heard.has(name)) return true;
    this.#heard.add(name);
    const [oldest] = this.#heard.size > MOST_HEARD ? this.#heard : [];
    if (oldest !== undefined) this.#heard.delete(oldest);
    return false;
  }
}
