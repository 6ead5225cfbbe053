import type { CacheEntry } from "@granary/core";

type Found = Promise<CacheEntry | undefined>;

/** A read of the far tier that is to fill the near one. */
export interface Fill {
  /** Nothing changed the key since the read began, so that what it brings may be kept. */
  standing: boolean;
}

/** A key that this node is changing. */
interface Writing {
  writers: number;
  isHeardOf: boolean;
}

/** The reads of the far tier that are under way, and which of them a change has overtaken. */
export class Fills {
  #begun = new Map<string, Set<Fill>>();
  #joinable = new Map<string, Found>();
  #writing = new Map<string, Writing>();
  readonly #changedMeanwhile: (key: string) => void;

  /** `changedMeanwhile` is called at the end of a change of a key that another node has changed as well. */
  constructor(changedMeanwhile: (key: string) => void) {
    this.#changedMeanwhile = changedMeanwhile;
  }

  /** Reads once for all who ask for `key` meanwhile. */
  join(key: string, read: (fill: Fill) => Found): Found {
    const shared = this.#joinable.get(key);
    if (shared !== undefined) return shared;
    const fill = this.begin(key);
    const found: Found = read(fill).finally(() => {
      this.end(key, fill);
      if (this.#joinable.get(key) === found) this.#joinable.delete(key);
      // A map that shrinks keeps its old tables, with all that was in them, for as long as a garbage collector may.
      if (this.#joinable.size === 0) this.#joinable = new Map();
    });
    if (fill.standing) this.#joinable.set(key, found);
    return found;
  }

  /** Begins a fill. One that begins while the key is written may read what was there before: it is void at once. */
  begin(key: string): Fill {
    const fill: Fill = { standing: !this.#writing.has(key) };
    this.#begun.set(key, (this.#begun.get(key) ?? new Set()).add(fill));
    return fill;
  }

  end(key: string, fill: Fill): void {
    const begun = this.#begun.get(key);
    begun?.delete(fill);
    if (begun?.size === 0) this.#begun.delete(key);
    if (this.#begun.size === 0) this.#begun = new Map();
  }

  /** Voids the fills of `key`: they are not kept, and whoever asks from now on does not get what they find. */
  void(key: string): void {
    for (const fill of this.#begun.get(key) ?? []) fill.standing = false;
    this.#joinable.delete(key);
  }

  voidAll(): void {
    for (const key of [...this.#begun.keys()]) this.void(key);
  }

  /**
   * Another node says that it has changed `key`. Whether this node is changing it too: then its copy stays until its
   * own change has ended, since readers here must not go back from what was written here to what was there before.
   */
  hear(key: string): boolean {
    this.void(key);
    const writing = this.#writing.get(key);
    if (writing !== undefined) writing.isHeardOf = true;
    return writing !== undefined;
  }

  /** How many changes of `key` are under way. */
  writersOf(key: string): number {
    return this.#writing.get(key)?.writers ?? 0;
  }

  /** Runs a change of `keys`: no fill that overlaps it is kept. */
  async during<T>(keys: readonly string[], change: () => Promise<T>): Promise<T> {
    for (const key of keys) this.beginWriting(key);
    try {
      return await change();
    } finally {
      for (const key of keys) this.endWriting(key);
    }
  }

  /** A change of `key` begins, and ends with `endWriting`. */
  beginWriting(key: string): void {
    this.void(key);
    const writing = this.#writing.get(key) ?? { writers: 0, isHeardOf: false };
    writing.writers += 1;
    this.#writing.set(key, writing);
  }

  endWriting(key: string): void {
    const writing = this.#writing.get(key);
    if (writing === undefined) return;
    writing.writers -= 1;
    if (writing.writers > 0) return;
    this.#writing.delete(key);
    if (this.#writing.size === 0) this.#writing = new Map();
    if (writing.isHeardOf) this.#changedMeanwhile(key);
  }
}
