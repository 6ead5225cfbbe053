import { CacheError, type CacheStore, createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { faultyStore } from "@granary/testkit";
import { tiered } from "@granary/tiered";
import { describe, expect, test } from "vitest";
import { handBus } from "./support/hand-bus.js";
import { entryOf, type Far, heldIn, KEY, MINUTE_MS, newFar, type TierNode, tierNode } from "./support/tier-node.js";

const HOUR_MS = 60 * MINUTE_MS;

/** A node whose L2 fails when it is told to. */
function fragileNode(tiers: { readonly l1Ttl?: number } = {}) {
  const far = newFar();
  const { store, faults } = faultyStore(far.memory);
  const node = tierNode({
    far: { ...far, gated: { ...far.gated, store } },
    pair: (all) => tiered({ ...all, ...tiers }),
  });
  return { node, faults };
}

function withoutBus({ clock, memory, gated }: Far, l1Ttl?: number) {
  const l1 = memoryStore({ clock });
  const store = tiered({ l1, l2: gated.store, ...(l1Ttl !== undefined && { l1Ttl }) });
  const cache = createCache<unknown>({ store, ttl: "1h", jitter: false });
  return {
    l1,
    cache,
    setFar: (value: unknown) => memory.set(KEY, { ...memory.get(KEY), ...lifeOf(value, clock.now()) }),
  };
}

function lifeOf(value: unknown, now: number) {
  return { value, createdAt: now, freshUntil: now + HOUR_MS, keepUntil: now + HOUR_MS };
}

describe("how long L1 is trusted", () => {
  test("a copy keeps the deadlines of its original, and ttl tells the true one", async () => {
    const { far, cache, l1 } = tierNode();
    const original = lifeOf("far", far.clock.now());
    far.memory.set(KEY, original);
    await far.clock.advance(10 * MINUTE_MS);
    expect(await cache.get("k")).toBe("far");
    expect(l1.get(KEY)).toMatchObject(original);
    expect(await cache.ttl("k")).toBe(50 * MINUTE_MS);
    await far.clock.advance(50 * MINUTE_MS);
    expect(await cache.get("k")).toBeUndefined();
  });

  test("a shorter l1Ttl changes no deadline, only when L2 is asked again", async () => {
    const far = newFar();
    const { cache, setFar } = withoutBus(far, 1_000);
    await cache.set("k", "old");
    setFar("new");
    await far.clock.advance(999);
    expect([await cache.get("k"), await cache.ttl("k")]).toEqual(["old", HOUR_MS - 999]);
    await far.clock.advance(1);
    expect([await cache.get("k"), await cache.ttl("k")]).toEqual(["new", HOUR_MS - 1_000]);
  });

  test("without a bus it is 5 s", async () => {
    const far = newFar();
    const { cache, setFar } = withoutBus(far);
    await cache.set("k", "old");
    setFar("new");
    await far.clock.advance(4_999);
    expect([await cache.get("k"), far.gated.calls("get")]).toEqual(["old", 0]);
    await far.clock.advance(1);
    expect([await cache.get("k"), far.gated.calls("get")]).toEqual(["new", 1]);
  });

  test("with a bus it is the entry's own life", async () => {
    const { cache, far } = tierNode();
    await cache.set("k", 1);
    await far.clock.advance(HOUR_MS - 1);
    expect([await cache.get("k"), far.gated.calls("get")]).toEqual([1, 0]);
    await far.clock.advance(1);
    expect([await cache.get("k"), far.gated.calls("get")]).toEqual([undefined, 1]);
  });

  test("what L2 no longer holds leaves L1 as soon as L2 is asked", async () => {
    const far = newFar();
    const { cache, l1 } = withoutBus(far);
    await cache.set("k", "old");
    far.memory.delete(KEY);
    await far.clock.advance(5_000);
    expect(await cache.get("k")).toBeUndefined();
    expect(l1.get(KEY)).toBeUndefined();
  });

  test("l1Ttl counts from when L2 was read, not from when its answer came", async () => {
    const far = newFar();
    const { cache } = withoutBus(far);
    far.memory.set(KEY, entryOf(far, "old"));
    const reply = far.gated.hold("get", "after");
    const reading = cache.get("k");
    await reply.reached;
    far.memory.set(KEY, entryOf(far, "new"));
    await far.clock.advance(4_000);
    reply.release();
    expect(await reading).toBe("old");
    await far.clock.advance(4_000);
    expect(await cache.get("k")).toBe("new");
  });
});

describe("after a gap on the bus", () => {
  test("L2 is asked once, and what it confirms is trusted again", async () => {
    const { cache, far, bus } = tierNode();
    await cache.set("k", "value");
    bus.gap();
    expect([await cache.get("k"), await cache.get("k"), far.gated.calls("get")]).toEqual(["value", "value", 1]);
  });

  test("what L1 took in before is not fresh while L2 cannot say, and is still good where a load fails", async () => {
    const { node, faults } = fragileNode();
    await node.cache.set("k", "value");
    faults.inject({ type: "reject" });
    expect(await node.cache.get("k")).toBe("value");
    node.bus.gap();
    expect([await node.cache.get("k"), await node.cache.has("k")]).toEqual([undefined, false]);
    expect(await node.cache.getOrSet("k", () => Promise.reject(new Error("no origin")))).toBe("value");
    faults.mend();
    expect(await node.cache.get("k")).toBe("value");
  });

  test("what is written after it is trusted", async () => {
    const { cache, far, bus } = tierNode();
    bus.gap();
    await cache.set("k", "value");
    expect([await cache.get("k"), far.gated.calls("get")]).toEqual(["value", 0]);
  });
});

describe("when L2 fails", () => {
  test("an L1 entry within l1Ttl is fresh, and past it stale", async () => {
    const { node, faults } = fragileNode({ l1Ttl: 1_000 });
    await node.cache.set("k", "value");
    faults.inject({ type: "reject" });
    await node.far.clock.advance(999);
    expect(await node.cache.get("k")).toBe("value");
    await node.far.clock.advance(1);
    expect(await node.cache.get("k")).toBeUndefined();
    expect((await node.cache.entry("k"))?.freshUntil).toBeLessThanOrEqual(node.far.clock.now());
    expect(await node.cache.getOrSet("k", () => Promise.reject(new Error("no origin")))).toBe("value");
    expect(await node.cache.getOrSet("other", () => "loaded")).toBe("loaded");
  });

  test("a set that L2 did not take says so, is read here, and is not announced", async () => {
    const { node, faults } = fragileNode();
    faults.inject({ type: "reject", times: 1 });
    expect(await node.cache.set("k", "value")).toBe(false);
    expect(await node.cache.get("k")).toBe("value");
    expect(node.bus.published).toEqual([]);
  });

  test("a delete that L2 did not take leaves nothing in L1, and is not announced", async () => {
    const { node, faults } = fragileNode();
    await node.cache.set("k", "value");
    faults.inject({ type: "reject", times: 1 });
    expect(await node.cache.delete("k")).toBe(false);
    expect((await heldIn(node)).near).toBeUndefined();
    expect(node.bus.published).toHaveLength(1);
  });
});

describe("a value that L2 refuses for what it is", () => {
  const picky = (far: Far): TierNode => {
    const set: CacheStore["set"] = async (key, entry, reason) => {
      if (entry.value === "unwritable")
        throw new CacheError("INVALID_VALUE", "The serializer cannot write this value.");
      return far.gated.store.set(key, entry, reason);
    };
    const store: CacheStore = { ...far.gated.store, set };
    return tierNode({ far: { ...far, gated: { ...far.gated, store } } });
  };

  test("stays out of L1 when it is set, and the old one remains", async () => {
    const node = picky(newFar());
    await node.cache.set("k", "old");
    await expect(node.cache.set("k", "unwritable")).rejects.toMatchObject({ code: "INVALID_VALUE" });
    expect(await heldIn(node)).toEqual({ near: undefined, far: "old" });
    expect(await node.cache.get("k")).toBe("old");
    expect(node.bus.published).toHaveLength(1);
  });

  test("FIELD 31: stays in L1 when it is loaded", async () => {
    const node = picky(newFar());
    expect(await node.cache.getOrSet("k", () => "unwritable")).toBe("unwritable");
    expect(await heldIn(node)).toEqual({ near: "unwritable", far: undefined });
    expect(await node.cache.get("k")).toBe("unwritable");
  });
});

test("an L1 that fails a set does not go on serving the old value", async () => {
  const far = newFar();
  const { store: l1, faults } = faultyStore(memoryStore({ clock: far.clock }));
  const cache = createCache<unknown>({ store: tiered({ l1, l2: far.memory, bus: handBus().bus }), ttl: "1h" });
  cache.on("error", () => undefined);
  await cache.set("k", "old");
  faults.inject({ type: "reject", times: 1 });
  expect(await cache.set("k", "new")).toBe(true);
  expect(await cache.get("k")).toBe("new");
});
