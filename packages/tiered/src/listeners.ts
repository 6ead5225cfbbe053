import type { StoreEvent } from "@granary/core";

/** Those who hear what happens outside any call: what the tiers and the bus tell. */
export class Listeners {
  readonly #listeners = new Set<(event: StoreEvent) => void>();

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
    this.#listeners.clear();
  }
}
