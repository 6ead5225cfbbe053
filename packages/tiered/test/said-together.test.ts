import type { BusMessage, CacheBus } from "@granary/core";
import { createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { tiered } from "@granary/tiered";
import { expect, test } from "vitest";

function listeningBus(): { readonly bus: CacheBus; readonly said: BusMessage[] } {
  const said: BusMessage[] = [];
  const publish = async (message: BusMessage): Promise<void> => void said.push(message);
  return { bus: { name: "listening", publish, subscribe: () => () => {} }, said };
}

function changedKeys(said: readonly BusMessage[]): ReadonlyArray<readonly string[]> {
  return said.map((message) => (message.type === "changed" ? message.keys : []));
}

test("writes that end together are one message, which names each key once", async () => {
  const { bus, said } = listeningBus();
  const cache = createCache<number>({ store: tiered({ l1: memoryStore(), l2: memoryStore(), bus }) });
  await Promise.all([cache.set("a", 1), cache.set("b", 2), cache.delete("c"), cache.set("d", 3)]);
  const keys = changedKeys(said).flat();
  expect([...keys].sort()).toEqual(["a", "b", "c", "d"].map((id) => `granary:v1:default:${id}`));
  expect(said.length).toBeLessThan(4);
  await cache.close();
});

test("a write has been said when its caller goes on", async () => {
  const { bus, said } = listeningBus();
  const cache = createCache<number>({ store: tiered({ l1: memoryStore(), l2: memoryStore(), bus }) });
  await cache.set("a", 1);
  expect(changedKeys(said)).toEqual([["granary:v1:default:a"]]);
  await cache.delete("a");
  expect(said).toHaveLength(2);
  await cache.close();
});

test("thousands of keys are messages of a thousand", async () => {
  const { bus, said } = listeningBus();
  const cache = createCache<number>({ store: tiered({ l1: memoryStore(), l2: memoryStore(), bus }) });
  await cache.setMany(Array.from({ length: 2_500 }, (_, at) => [at, at] as const));
  expect(changedKeys(said).map((keys) => keys.length)).toEqual([1_000, 1_000, 500]);
  await cache.close();
});
