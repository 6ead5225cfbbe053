// jest with ES modules: node --experimental-vm-modules.
import { createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { redisStore } from "@granary/redis";
import { superjsonSerializer } from "@granary/superjson";
import { tcpProxy } from "@granary/testkit/tcp-proxy";
import { tiered } from "@granary/tiered";

test("a cache over tiers works", async () => {
  for (const made of [redisStore, tcpProxy]) expect(typeof made).toBe("function");
  const store = tiered({ l1: memoryStore({ maxEntries: 10 }), l2: memoryStore({ maxEntries: 10 }) });
  const cache = createCache({ store });
  expect(await cache.getOrSet(1, () => ({ name: "Ada" }))).toEqual({ name: "Ada" });
  expect(superjsonSerializer.decode(superjsonSerializer.encode(7n))).toBe(7n);
  await cache.close();
});

test("memory finds the serializer of Redis", async () => {
  const cache = createCache({ store: memoryStore({ values: "serialized" }) });
  await cache.set("a", { at: new Date(0) });
  expect(await cache.get("a")).toEqual({ at: new Date(0) });
  await cache.close();
});
