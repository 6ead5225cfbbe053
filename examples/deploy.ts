import { once } from "node:events";
import type { Server } from "node:http";
import { type Cache, createCache } from "@granary/core";
import { redisTiers } from "@granary/redis-tiers";
import { Redis } from "ioredis";

export interface DeployedCache {
  readonly cache: Cache<string>;
  /** Ends the process in good order: `process.once("SIGTERM", () => void stop(server))`. */
  stop(server: Server): Promise<void>;
}

/** What one process of a service makes at its start. */
export function main(redisUrl: string): DeployedCache {
  const client = new Redis(redisUrl, {
    // A dead connection is given up, and a Redis that is back is noticed, within seconds.
    connectTimeout: 2_000,
    socketTimeout: 2_000,
    retryStrategy: (times) => Math.min(times * 50, 500),
  });
  const cache = createCache<string>({
    store: redisTiers({ client, maxBytes: 64 * 2 ** 20, l2Timeout: "250ms" }),
    prefix: "shop",
    namespace: "pages",
    ttl: "10m",
  });
  return {
    cache,
    async stop(server) {
      // Nobody new is let in, and a connection that is kept alive ends with its next answer.
      server.prependListener("request", (_, response) => response.setHeader("connection", "close"));
      // Who is here is answered first: closing the cache would end what they wait for.
      await once(server.close(), "close");
      await cache.close();
      client.disconnect();
    },
  };
}
