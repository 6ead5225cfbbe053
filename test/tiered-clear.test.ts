import { type CacheStore, createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { localHub, nextTurn } from "@granary/testkit";
import { tiered } from "@granary/tiered";
import { describe, expect, test } from "vitest";
import { handBus } from "./support/hand-bus.js";
import { entryOf, KEY, newFar, tierNode } from "./support/tier-node.js";

test("a clear, while what was loaded is on its way into a store alone, leaves nothing of it", async () => {
  const far = newFar();
  const cache = createCache<unknown>({ store: far.gated.store });
  const write = far.gated.hold("set", "before");
  const serving = cache.getOrSet("k", () => "loaded");
  await write.reached;
  const clearing = cache.clear();
  await nextTurn();
  write.release();
  await Promise.all([serving, clearing]);
  expect(await cache.get("k")).toBeUndefined();
});

describe("a clear meets what L2 does not list any more", () => {
  test("a fill that has read what L2 has dropped since", async () => {
    const { cache, far } = tierNode();
    far.memory.set(KEY, entryOf(far, "old"));
    const reply = far.gated.hold("get", "after");
    const reading = cache.get("k");
    await reply.reached;
    far.memory.delete(KEY);
    await cache.clear();
    reply.release();
    await reading;
    expect(await cache.get("k")).toBeUndefined();
  });

  test("what another node holds in L1 and L2 has dropped is gone there too", async () => {
    const [far, hub] = [newFar(), localHub()];
    const [one, other] = ["one", "other"].map((name) =>
      tierNode({ far, pair: (tiers) => tiered({ ...tiers, bus: hub.bus(name) }) }),
    );
    await other?.cache.set("k", "old");
    far.memory.delete(KEY);
    await one?.cache.clear();
    expect(await other?.cache.get("k")).toBeUndefined();
  });

  test("what an L1 holds that can neither walk nor judge by marks", async () => {
    const far = newFar();
    const { walk: _, invalidate: __, ...l1 } = memoryStore({ clock: far.clock });
    const cache = createCache<unknown>({ store: tiered({ l1, l2: far.gated.store, bus: handBus().bus }) });
    await cache.set("k", "old");
    far.memory.delete(KEY);
    expect(await cache.clear()).toBe(true);
    expect(await cache.get("k")).toBeUndefined();
  });
});

test("what another node writes between two clears at one instant is gone after the second", async () => {
  const [far, hub] = [newFar(), localHub()];
  const [one, other] = ["one", "other"].map((name) =>
    tierNode({ far, pair: (tiers) => tiered({ ...tiers, bus: hub.bus(name) }) }),
  );
  await one?.cache.clear();
  await one?.cache.set("k", "old");
  await other?.cache.clear();
  expect([await one?.cache.get("k"), await other?.cache.get("k")]).toEqual([undefined, undefined]);
});

test("a pattern takes what is near, and what L2 is to lose, also where L2 cannot be walked", async () => {
  const far = newFar();
  const walk: CacheStore["walk"] = () => {
    throw new Error("L2 is away");
  };
  const cache = createCache<unknown>({
    store: tiered({ l1: memoryStore({ clock: far.clock }), l2: { ...far.gated.store, walk } }),
  });
  cache.on("error", () => {});
  await cache.setMany([
    ["user:1", "old"],
    ["post:1", "old"],
  ]);
  expect(await cache.invalidatePattern("user:*")).toBe(1);
  expect(await cache.getMany(["user:1", "post:1"])).toEqual(new Map([["post:1", "old"]]));
});
