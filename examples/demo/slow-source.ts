import { setTimeout as wait } from "node:timers/promises";
import type { Place, PriceChange } from "./protocol.js";
import { seededRandom } from "./seeded-random.js";
import { createShop, type Product, type Row, type Sizes } from "./shop.js";

export const FASTEST_MS = 20;
export const SLOWEST_MS = 40;

/** The database of the shop: right about everything, and slow. */
export class SlowSource {
  /** Rows asked for so far. */
  loads = 0;
  readonly #tables: Record<Place["table"], Row[]>;
  readonly #random = seededRandom(1);

  constructor(sizes: Sizes) {
    const { products, customers, orders, deals } = createShop(sizes);
    this.#tables = { products: [...products], customers: [...customers], orders: [...orders], deals: [...deals] };
  }

  async load({ table, id }: Place): Promise<Row> {
    this.loads += 1;
    await wait(FASTEST_MS + this.#random() * (SLOWEST_MS - FASTEST_MS));
    const row = this.#tables[table][id];
    if (row === undefined) throw new Error(`There is no row ${id} in ${table}.`);
    return row;
  }

  /** Resolves to the product as it is from now on. */
  async changePrice({ id, cents }: PriceChange): Promise<Product> {
    const product = { ...((await this.load({ table: "products", id })) as Product), cents };
    this.#tables.products[id] = product;
    return product;
  }
}
