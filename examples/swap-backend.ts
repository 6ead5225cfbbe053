import { type CacheStore, createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { redisBus, redisStore } from "@granary/redis";
import { tiered } from "@granary/tiered";
import type { Redis } from "ioredis";

/** Where prices come from, in cents. */
export interface PriceSource {
  read(sku: string): Promise<bigint>;
  write(sku: string, cents: bigint): Promise<void>;
}

export interface PriceList {
  priceOf(sku: string): Promise<bigint>;
  changePrice(sku: string, cents: bigint): Promise<void>;
  close(): Promise<void>;
}

/** The application. It is handed a store, and not a line of it knows which. */
export function priceList(store: CacheStore, source: PriceSource): PriceList {
  const prices = createCache<bigint>({ store, namespace: "prices", ttl: "1h" });
  return {
    priceOf: (sku) => prices.getOrSet(sku, () => source.read(sku)),
    async changePrice(sku, cents) {
      await source.write(sku, cents);
      await prices.delete(sku);
    },
    close: () => prices.close(),
  };
}

/** What the tests of the application hand over. */
export function testStore(): CacheStore {
  return memoryStore({ values: "serialized" });
}

/** What production hands over: memory here, Redis for all, and word of every change. */
export function productionStore(client: Redis): CacheStore {
  return tiered({
    l1: memoryStore({ maxEntries: 10_000 }),
    l2: redisStore({ client }),
    bus: redisBus({ client }),
  });
}
