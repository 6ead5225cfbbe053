import { setTimeout as wait } from "node:timers/promises";
import type { CachedShop } from "./cached-shop.js";
import type { PriceChange } from "./protocol.js";

/** Far longer than it takes on any machine. */
const PATIENCE_MS = 60_000;

/** Waits for a price to arrive in this process, by reading the product every millisecond as any page would. */
export class PriceWatch {
  readonly #shop: CachedShop;
  #seen: Promise<bigint | undefined> = Promise.resolve(undefined);

  constructor(shop: CachedShop) {
    this.#shop = shop;
  }

  async begin(change: PriceChange): Promise<void> {
    await this.#has(change);
    this.#seen = this.#wait(change);
  }

  /** The instant at which the price was there; `undefined` where it did not come. */
  seen(): Promise<bigint | undefined> {
    return this.#seen;
  }

  async #wait(change: PriceChange): Promise<bigint | undefined> {
    const lastAt = Date.now() + PATIENCE_MS;
    while (Date.now() < lastAt) {
      if (await this.#has(change)) return process.hrtime.bigint();
      await wait(1);
    }
    return undefined;
  }

  async #has({ id, cents }: PriceChange): Promise<boolean> {
    const product = await this.#shop.read({ table: "products", id });
    return "cents" in product && product.cents === cents;
  }
}
