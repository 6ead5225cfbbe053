import { type Cache, createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { redisStore, redisTracking } from "@granary/redis";
import { tiered } from "@granary/tiered";
import { Cluster, Redis, type RedisOptions } from "ioredis";

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** How soon the client finds out that its connection is dead, and that Redis is back: by default that takes seconds. */
const patience = {
  connectTimeout: 2_000,
  // A connection that says nothing for so long, while it is asked something, is given up.
  socketTimeout: 2_000,
  // After an outage, however long, it is connected again within half a second.
  retryStrategy: (times: number) => Math.min(times * 50, 500),
  // While Redis loads its dump it is asked once a second, not when it expects to have loaded.
  maxLoadingRetryTime: 1_000,
} satisfies RedisOptions;

/** A master with replicas, found through its sentinels. */
export function throughSentinels(sentinels: readonly Address[], name: string): Redis {
  return new Redis({ ...patience, sentinels: [...sentinels], name, sentinelRetryStrategy: patience.retryStrategy });
}

/** A cluster. Any of its nodes will do to find the others. */
export function ofCluster(nodes: readonly Address[]): Cluster {
  const { retryStrategy, ...connection } = patience;
  return new Cluster([...nodes], {
    redisOptions: connection,
    clusterRetryStrategy: retryStrategy,
  });
}

/**
 * The same on each of them. What is asked for while servers fail over comes from memory or from its source. `client` is
 * yours: close it behind the cache.
 */
export function main(client: Redis | Cluster): Cache<string> {
  const store = tiered({
    l1: memoryStore({ maxEntries: 10_000 }),
    l2: redisStore({ client }),
    // It listens to every master of a cluster, and so notices when one of them is cut off.
    bus: redisTracking({ client }),
  });
  return createCache<string>({
    store,
    namespace: "pages",
    ttl: "10m",
    staleWhileRevalidate: "1m",
    staleIfError: "6h",
    softTimeout: "300ms",
  });
}
