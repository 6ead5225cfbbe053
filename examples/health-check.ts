import { type BreakerState, type Cache, createCache, type StoreHealth } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { redisBus, redisStore } from "@granary/redis";
import { tiered } from "@granary/tiered";
import type { Redis } from "ioredis";

export interface Sessions {
  readonly cache: Cache<string>;
  /** For a health page: whether Redis answers, and how much it has not been told yet. */
  health(): { readonly redis: BreakerState; readonly owed: number };
  close(): Promise<void>;
}

/**
 * A cache that says how it is doing. While Redis is away it goes on: reads come from memory or from their source, what
 * is changed is remembered, and Redis loses what is out of date when it is back. So an outage is no reason to stop.
 */
export function main(client: Redis, log: (line: string) => void): Sessions {
  const cache = createCache<string>({
    store: tiered({ l1: memoryStore(), l2: redisStore({ client }), bus: redisBus({ client }), l2Timeout: "500ms" }),
    namespace: "sessions",
    ttl: "30m",
  });
  // Once for an outage, and once for its end: what is not asked of Redis meanwhile is no error.
  cache.on("breaker", ({ store, state }) => log(`${store} is ${state === "closed" ? "back" : state}`));
  cache.on("error", ({ operation, error }) => log(`${operation}: ${String(error)}`));
  return {
    cache,
    health() {
      const { state, owed }: StoreHealth = cache.stats().stores["redis"] ?? NOT_ASKED;
      return { redis: state, owed };
    },
    close: () => cache.close(),
  };
}

const NOT_ASKED: StoreHealth = { state: "closed", failures: 0, pending: 0, timeouts: 0, refused: 0, owed: 0 };
