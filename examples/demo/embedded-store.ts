import type { StoredItem } from "./protocol.js";

/** The far tier where there is no Redis: what the processes' stores write, held by the first one while it runs. */
export class EmbeddedStore {
  readonly #items = new Map<string, StoredItem["data"]>();

  get(key: string): StoredItem["data"] | undefined {
    return this.#items.get(key);
  }

  set({ key, data }: StoredItem): void {
    this.#items.set(key, data);
  }

  delete(key: string): boolean {
    return this.#items.delete(key);
  }
}
