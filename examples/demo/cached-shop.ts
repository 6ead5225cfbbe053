import { type Cache, type CacheBus, type CacheStats, type CacheStore, createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { tiered } from "@granary/tiered";
import type { Line } from "./line.js";
import type { FirstProcess, Place, PriceChange, WorkerOptions } from "./protocol.js";
import type { Row, TableName } from "./shop.js";
import { timed } from "./timed.js";

export interface Far {
  readonly store: CacheStore;
  readonly bus: CacheBus;
}

/** The shop as one process reads it: through its own memory, then what all processes share, then the source. */
export class CachedShop {
  /** Milliseconds of each look at a tier, and of each load. */
  readonly timings = { near: [] as number[], far: [] as number[], source: [] as number[] };
  readonly #line: Line<FirstProcess>;
  readonly #root: Cache<Row>;
  readonly #tables: Readonly<Record<TableName, Cache<Row>>>;

  constructor(line: Line<FirstProcess>, far: Far, { settings, prefix }: WorkerOptions) {
    this.#line = line;
    const { near: nearMs, far: farMs } = this.timings;
    const l1 = timed(memoryStore({ maxEntries: settings.maxEntries }), (ms) => nearMs.push(ms));
    const l2 = timed(far.store, (ms) => farMs.push(ms));
    this.#root = createCache<Row>({ store: tiered({ l1, l2, bus: far.bus }), prefix, namespace: "shop", ttl: "10m" });
    this.#tables = {
      products: this.#root.namespace("products"),
      customers: this.#root.namespace("customers"),
      orders: this.#root.namespace("orders"),
      deals: this.#root.namespace("deals"),
    };
  }

  read(place: Place): Promise<Row> {
    return this.#tables[place.table].getOrSet(place.id, () => this.#load(place));
  }

  /** Changes the source, then the cache; resolves to the instant at which it told the cache. */
  async changePrice(change: PriceChange): Promise<bigint> {
    const product = await this.#line.call("changePrice", change);
    const at = process.hrtime.bigint();
    await this.#tables.products.set(change.id, product);
    return at;
  }

  /** The counts of every table. */
  stats(): readonly CacheStats[] {
    return Object.values(this.#tables).map((table) => table.stats());
  }

  close(): Promise<void> {
    return this.#root.close();
  }

  async #load(place: Place): Promise<Row> {
    const began = performance.now();
    const row = await this.#line.call("load", place);
    this.timings.source.push(performance.now() - began);
    return row;
  }
}
