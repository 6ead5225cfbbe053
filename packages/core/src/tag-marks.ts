import { type Awaitable, isPromiseLike } from "./entry.js";
import type { MarksCapability } from "./store.js";

/** Tags whose marks are remembered, over all namespaces, before all are forgotten and read anew. */
const MOST_TAGS = 10_000;

interface Known {
  /** The last invalidation of any tag in the namespace when the marks were read: they hold until there is a later one. */
  readonly taggedAt: number;
  readonly tags: Map<string, number>;
}

export interface TagQuestion {
  readonly scope: string;
  readonly tags: readonly string[];
  /** The last invalidation of any tag in the namespace, as just read. */
  readonly taggedAt: number;
}

/** The marks of tags that were read from a store, which is asked again only when a tag was invalidated since. */
export class TagMarks {
  readonly #marks: MarksCapability;
  readonly #known = new Map<string, Known>();
  #size = 0;

  constructor(marks: MarksCapability) {
    this.#marks = marks;
  }

  /** The latest invalidation of one of the tags. Fails as the store does. */
  latest({ scope, tags, taggedAt }: TagQuestion): Awaitable<number> {
    const known = this.#of(scope, taggedAt);
    const missing = tags.filter((tag) => !known.tags.has(tag));
    if (missing.length === 0) return latestOf(known, tags);
    const read = this.#marks.readTags(scope, missing);
    if (!isPromiseLike(read)) return this.#learned(known, { tags, missing, read });
    return Promise.resolve(read).then((marks) => this.#learned(known, { tags, missing, read: marks }));
  }

  #of(scope: string, taggedAt: number): Known {
    const known = this.#known.get(scope);
    if (known !== undefined && known.taggedAt >= taggedAt) return known;
    const fresh: Known = { taggedAt, tags: new Map() };
    this.#size -= known?.tags.size ?? 0;
    this.#known.set(scope, fresh);
    return fresh;
  }

  #learned(known: Known, { tags, missing, read }: Learned): number {
    if (this.#size >= MOST_TAGS) this.#forgetAll();
    missing.forEach((tag, at) => known.tags.set(tag, read[at] ?? Number.NEGATIVE_INFINITY));
    this.#size += missing.length;
    return latestOf(known, tags);
  }

  #forgetAll(): void {
    this.#known.clear();
    this.#size = 0;
  }
}

interface Learned {
  readonly tags: readonly string[];
  readonly missing: readonly string[];
  readonly read: readonly number[];
}

function latestOf({ tags: known }: Known, tags: readonly string[]): number {
  return tags.reduce(
    (latest, tag) => Math.max(latest, known.get(tag) ?? Number.NEGATIVE_INFINITY),
    Number.NEGATIVE_INFINITY,
  );
}
