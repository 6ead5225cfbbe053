import { createCache, type StoreHealth } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { redisStore } from "@granary/redis";
import { tcpProxy } from "@granary/testkit/tcp-proxy";
import { tiered } from "@granary/tiered";
import { Redis } from "ioredis";
import { expect, onTestFinished, test } from "vitest";
import { waitUntil } from "./faults/support/wait-until.js";
import { ownRedis } from "./support/own-redis.js";

const redis = ownRedis();

test("a client with a socketTimeout replaces a connection that is half-open, and the store is well again", async () => {
  const proxy = await tcpProxy({ target: { port: Number(new URL(redis.server.url).port) } });
  const client = new Redis(proxy.port, { socketTimeout: 1_500 });
  const store = tiered({ l1: memoryStore(), l2: redisStore({ client }) });
  const cache = createCache<string>({ store, namespace: "half open" });
  cache.on("error", () => undefined);
  onTestFinished(async () => {
    await cache.close();
    client.disconnect();
    await proxy.close();
  });
  const health = (): StoreHealth | undefined => cache.stats().stores["redis"];
  await cache.set("before", "kept");
  proxy.halfOpen();
  await Promise.all(["a", "b", "c", "d", "e"].map((id) => cache.get(id)));
  expect(health()?.state).toBe("open");
  expect(await cache.set("during", "kept too")).toBe(false);
  await waitUntil({ look: health, holds: (seen) => seen?.state === "closed" && seen.owed === 0 });
  // What was not taken is not written later either, and what is written now is.
  expect(await cache.set("after", "kept too")).toBe(true);
  const keys = await redis.admin.keys("*");
  expect(keys.filter((key) => /:(during|after)$/.test(key))).toEqual(["granary:v1:half open:after"]);
});
