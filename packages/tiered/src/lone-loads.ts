import type { CacheEntry } from "@granary/core";

/** Beyond this many those that were loaded first are forgotten. */
const MOST_LOADS = 10_000;

/**
 * When this node loaded what the far tier could not be given, by key. Its copy may have ended, or made room, by the time
 * that far answers, while what far holds is older and lives longer: who has seen the one must not be given the other.
 */
export class LoneLoads {
  readonly #createdAt = new Map<string, number>();

  add(key: string, { createdAt }: CacheEntry): void {
    this.#createdAt.delete(key);
    this.#createdAt.set(key, createdAt);
    if (this.#createdAt.size <= MOST_LOADS) return;
    for (const [oldest] of this.#createdAt) return void this.#createdAt.delete(oldest);
  }

  /** Far has something as new. */
  forget(key: string): void {
    this.#createdAt.delete(key);
  }

  /** When the value was loaded, at the latest; before everything where it is not known. */
  createdAt(key: string): number {
    return this.#createdAt.get(key) ?? Number.NEGATIVE_INFINITY;
  }
}
