import { setImmediate as nextTurn } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { CacheStats } from "@granary/core";
import type { CachedShop } from "./cached-shop.js";
import type { Place, ShoppingResult, WorkerOptions } from "./protocol.js";
import { seededRandom } from "./seeded-random.js";
import { createShop, type Row, type Shop } from "./shop.js";

const SHOPPERS = 16;
const COMPARED_EVERY = 10;
const TABLES = ["products", "customers", "orders"] as const;

/** Shows pages to many shoppers at once, each page made of a product, a customer and an order. */
export class Shopping {
  readonly #shop: CachedShop;
  readonly #expected: Shop;
  readonly #seed: number;
  readonly #reads: number[] = [];
  readonly #seen = { compared: 0, equal: 0 };

  constructor(shop: CachedShop, { worker, settings }: WorkerOptions) {
    this.#shop = shop;
    this.#expected = createShop(settings.sizes);
    this.#seed = worker * SHOPPERS;
  }

  async run(pages: number): Promise<ShoppingResult> {
    const shoppers = Array.from({ length: SHOPPERS }, (_, shopper) =>
      this.#browse(seededRandom(this.#seed + shopper), Math.ceil(pages / SHOPPERS)),
    );
    await Promise.all(shoppers);
    return { stats: sum(this.#shop.stats()), reads: this.#reads, ...this.#shop.timings, ...this.#seen };
  }

  async #browse(random: () => number, pages: number): Promise<void> {
    for (let page = 0; page < pages; page += 1) {
      for (const table of TABLES) {
        // A power of a random number is small most of the time: a few rows are popular, and most are not.
        const id = Math.floor(random() ** 4 * this.#expected[table].length);
        await this.#read({ table, id });
      }
      await nextTurn();
    }
  }

  async #read(place: Place): Promise<void> {
    const began = performance.now();
    const row = await this.#shop.read(place);
    this.#reads.push(performance.now() - began);
    if (this.#reads.length % COMPARED_EVERY === 0) this.#compare(row, place);
  }

  #compare(row: Row, { table, id }: Place): void {
    this.#seen.compared += 1;
    if (isDeepStrictEqual(row, this.#expected[table][id])) this.#seen.equal += 1;
  }
}

function sum(all: readonly CacheStats[]): ShoppingResult["stats"] {
  const tiers: Record<string, number> = {};
  for (const [tier, hits] of all.flatMap((stats) => Object.entries(stats.tiers))) {
    tiers[tier] = (tiers[tier] ?? 0) + hits;
  }
  const total = (count: "gets" | "misses"): number => all.reduce((before, stats) => before + stats[count], 0);
  return { gets: total("gets"), misses: total("misses"), tiers };
}
