import { type Cache, createCache, type WarmUpProgress, warmUp } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { redisStore } from "@granary/redis";
import { tiered } from "@granary/tiered";
import type { Redis } from "ioredis";

interface Product {
  readonly id: number;
  readonly price: number;
}

/** The database of the products. */
export interface ProductTable {
  /** All ids, a few at a time. */
  ids(): AsyncIterable<number>;
  byIds(ids: readonly number[]): Promise<ReadonlyMap<number, Product>>;
}

export interface Boot {
  readonly client: Redis;
  readonly table: ProductTable;
  /** Ends the warm-up; what was loaded until then stays. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: WarmUpProgress) => void;
}

export interface Service {
  readonly products: Cache<Product>;
  /** Resolves when every product is there. Requests need not wait for it. */
  readonly warm: Promise<WarmUpProgress>;
}

/** Starts to serve at once, and loads behind what is not in Redis yet. After a cut it is cheap to run again. */
export function main({ client, table, signal, onProgress }: Boot): Service {
  const products = createCache<Product>({
    store: tiered({ l1: memoryStore({ maxEntries: 10_000 }), l2: redisStore({ client }) }),
    namespace: "products",
    ttl: "1h",
  });
  const warm = warmUp(products, table.ids(), {
    loadMany: (ids) => table.byIds(ids.map(Number)),
    batchSize: 50,
    concurrency: 2,
    signal,
    onProgress,
  });
  return { products, warm };
}
