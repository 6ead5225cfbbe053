import { type RedisClient, redisBus, redisStore, redisTracking } from "@granary/redis";
import * as ioredis6 from "ioredis";
import * as ioredis5 from "ioredis-5";
import * as iovalkey from "iovalkey";

/* Compiled by redis-client.test.ts, never run. Whatever a user makes is taken without a cast. */

export const clients: readonly RedisClient[] = [
  new ioredis6.Redis(),
  new ioredis6.Redis({ replyMapping: "resp3" }),
  new ioredis6.Redis({ name: "main", sentinels: [{ host: "localhost", port: 26379 }] }),
  new ioredis6.Cluster([]),
  new ioredis5.Redis(),
  new ioredis5.Cluster([]),
  new iovalkey.Redis(),
  new iovalkey.Cluster([]),
];

redisStore({ client: new ioredis6.Redis() });
redisStore({ client: new ioredis5.Redis(), name: "far" });
redisStore({ client: new iovalkey.Cluster([]) });
redisBus({ client: new ioredis6.Cluster([]) });
redisBus({ client: new ioredis5.Cluster([]) });
redisBus({ client: new iovalkey.Redis(), channel: "shop:bus" });
redisTracking({ client: new ioredis6.Redis() });
redisTracking({ client: new ioredis5.Cluster([], { natMap: { "10.0.0.1:6379": { host: "localhost", port: 6379 } } }) });
redisTracking({ client: new iovalkey.Cluster([]), prefix: "shop", name: "news" });

// @ts-expect-error A client of another shape is refused.
redisStore({ client: { get: async () => null, set: async () => "OK" } });
// @ts-expect-error So is an address.
redisBus({ client: "redis://localhost" });
// @ts-expect-error And nothing at all.
redisStore({});
