import type { CacheEntry } from "@granary/core";

type Found = Promise<CacheEntry | undefined>;

/** A read of the far tier that is to fill the near one. */
export interface Fill {
  /** Nothing changed the key since the read began, so that what it brings may be kept. */
  standing: boolean;
}

/** The reads of the far tier that are under way, and which of them a change has overtaken. */
export class Fills {
  readonly #begun = new Map<string, Set<Fill>>();
  readonly #joinable = new Map<string, Found>();
  readonly #writing = new Map<string, number>();

  /** Reads once for all who ask for `key` meanwhile. */
  join(key: string, read: (fill: Fill) => Found): Found {
    const shared = this.#joinable.get(key);
    if (shared !== undefined) return shared;
    const fill = this.begin(key);
    const found: Found = read(fill).finally(() => {
      this.end(key, fill);
      if (this.#joinable.get(key) === found) this.#joinable.delete(key);
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
  }

  /** Voids the fills of `key`: they are not kept, and whoever asks from now on does not get what they find. */
  void(key: string): void {
    for (const fill of this.#begun.get(key) ?? []) fill.standing = false;
    this.#joinable.delete(key);
  }

  /** Runs a change of `keys`: no fill that overlaps it is kept. */
  async during<T>(keys: readonly string[], change: () => Promise<T>): Promise<T> {
    for (const key of keys) {
      this.void(key);
      this.#writing.set(key, (this.#writing.get(key) ?? 0) + 1);
    }
    try {
      return await change();
    } finally {
      for (const key of keys) this.#written(key);
    }
  }

  #written(key: string): void {
    const left = (this.#writing.get(key) ?? 1) - 1;
    if (left === 0) this.#writing.delete(key);
    else this.#writing.set(key, left);
  }
}
