import type { GenerationRecord } from "@granary/core";
import { tagsKey } from "./generation-keys.js";
import type { WriteBatch } from "./write-batch.js";

/** Tags that are remembered, over all namespaces, before all are forgotten and read anew. */
const MOST_TAGS = 10_000;

interface TagQuestion {
  readonly scope: string;
  readonly record: GenerationRecord;
  readonly tags: readonly string[];
  /** That of the entry which carries them. */
  readonly sequence: number;
}

interface KnownTags {
  readonly epoch: string;
  /** The last invalidation of any tag there when they were read: they hold until there is another, perhaps of a lesser sequence. */
  readonly tagged: number;
  /** Up to here tags may be missing; `Infinity` where nothing vouches for any. */
  since: number;
  readonly sequences: Map<string, number>;
}

/** The sequences of tags that were read from Redis, which is asked again only when a tag was invalidated since. */
export class TagSequences {
  readonly #writes: WriteBatch;
  readonly #known = new Map<string, KnownTags>();
  #size = 0;

  constructor(writes: WriteBatch) {
    this.#writes = writes;
  }

  /** Whether none of the tags was invalidated after `sequence`. */
  async permit({ scope, record, tags, sequence }: TagQuestion): Promise<boolean> {
    const known = this.#of(scope, record);
    const missing = tags.filter((tag) => !known.sequences.has(tag));
    if (missing.length > 0) await this.#read(scope, known, missing);
    return sequence >= known.since && tags.every((tag) => sequence >= (known.sequences.get(tag) ?? 0));
  }

  #of(scope: string, { epoch, tagged }: GenerationRecord): KnownTags {
    const known = this.#known.get(scope);
    if (known !== undefined && known.epoch === epoch && known.tagged === tagged) return known;
    const read: KnownTags = { epoch, tagged, since: 0, sequences: new Map() };
    this.#size -= known?.sequences.size ?? 0;
    this.#known.set(scope, read);
    return read;
  }

  async #read(scope: string, known: KnownTags, tags: readonly string[]): Promise<void> {
    const answer = await this.#writes.send({ step: "tags", keys: [tagsKey(scope)], args: [known.epoch, ...tags] });
    const [since = Number.POSITIVE_INFINITY, ...sequences] = (answer as readonly unknown[]).map((each) =>
      Number(String(each)),
    );
    if (this.#size >= MOST_TAGS) this.#forgetAll();
    known.since = Math.max(known.since, since);
    tags.forEach((tag, at) => known.sequences.set(tag, sequences[at] ?? 0));
    this.#size += tags.length;
  }

  #forgetAll(): void {
    this.#known.clear();
    this.#size = 0;
  }
}
