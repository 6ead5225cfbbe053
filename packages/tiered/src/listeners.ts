import type { CacheStore, StoreEvent } from "@granary/core";

/** Those who hear what happens outside any call: what this store tells, and what its tiers tell. */
export class Listeners {
  readonly #listeners = new Set<(event: StoreEvent) => void>();
  readonly #tiers: ReadonlyArray<(() => void) | undefined>;

  constructor(tiers: readonly CacheStore[]) {
    this.#tiers = tiers.map((tier) => tier.on?.((event) => this.tell(event)));
  }

  add(listener: (event: StoreEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  tell(event: StoreEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  fail(operation: string, error: unknown, key?: string): void {
    this.tell({ type: "error", operation, error, ...(key !== undefined && { key }) });
  }

  close(): void {
    for (const silence of this.#tiers) silence?.();
    this.#listeners.clear();
  }
}
