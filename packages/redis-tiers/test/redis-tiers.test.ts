import { createCache } from "@granary/core";
import { redisTiers } from "@granary/redis-tiers";
import { tiered } from "@granary/tiered";
import { Redis } from "ioredis";
import { expect, inject, onTestFinished, test, vi } from "vitest";

function node(namespace: string) {
  const client = new Redis(inject("redisUrl"));
  const store = redisTiers({ client, maxEntries: 100, channel: namespace, l2Timeout: "30s" });
  const cache = createCache<string>({ store, namespace });
  onTestFinished(async () => {
    await cache.close();
    client.disconnect();
  });
  return { cache, store, client };
}

test("two nodes share what one loads, and hear what the other deletes", async () => {
  const name = `tiers-${process.pid}`;
  const [one, other] = [node(name), node(name)];
  expect(await one.cache.getOrSet("k", async () => "loaded")).toBe("loaded");
  expect(await other.cache.getOrSet("k", async () => "loaded again")).toBe("loaded");
  await one.cache.delete("k");
  await vi.waitFor(async () => expect(await other.cache.get("k")).toBeUndefined());
});

test("its parts are at hand: memory, Redis and the bus", async () => {
  const { cache, store } = node(`parts-${process.pid}`);
  await cache.set("k", "v");
  const key = `granary:v1:parts-${process.pid}:k`;
  expect(store.l1.get(key)).toMatchObject({ value: "v" });
  expect(await store.l2.get(key)).toMatchObject({ value: "v" });
  expect(store.bus.name).toBe("redis");
});

test("what it does not know is refused, with what was meant", () => {
  const { client } = node("refused");
  expect(() => redisTiers({ client, maxEntry: 5 } as never)).toThrow(/maxEntries/);
  expect(() => redisTiers({} as never)).toThrow(/new Redis\(url\)/);
});

test("a client in place of options is told how to be given", () => {
  const { client } = node("client");
  expect(() => redisTiers(client as never)).toThrow(/write redis\w+\(\{ client: new Redis\(url\) \}\)/);
  expect(() => redisTiers(undefined as never)).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
});

test("a client in place of a bus is refused: what it publishes is not what tiers say", () => {
  const { client, store } = node("no-bus");
  expect(() => tiered({ l1: store.l1, l2: store.l2, bus: client as never })).toThrow(/^bus: takes a CacheBus/);
});
