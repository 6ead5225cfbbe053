import { type BusListener, type Cache, type CacheBus, type CacheStore, createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { nextTurn } from "@granary/testkit";
import { tiered } from "@granary/tiered";
import { describe, expect, onTestFinished, test } from "vitest";
import { entryOf, KEY, type TierNode, tierNode } from "./support/tier-node.js";

/** A bus that begins to listen when the test says so, each time. */
function lateBus() {
  const listeners = new Set<BusListener>();
  const bus: CacheBus = {
    name: "late",
    publish: () => {},
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  const begin = (): void => {
    for (const listener of listeners) listener.gap();
  };
  return { bus, begin };
}

function lateNode(over: (store: CacheStore) => CacheStore = (store) => store) {
  const late = lateBus();
  const node = tierNode({ pair: (tiers) => over(tiered({ ...tiers, bus: late.bus })) });
  return { ...node, begin: late.begin };
}

/** Another node writes, and this one is told nothing of it. */
function setElsewhere({ far }: Pick<TierNode, "far">, value: unknown): void {
  far.memory.set(KEY, entryOf(far, value));
}

describe("FIELD 47: C18: before a bus listens for the first time", () => {
  test("what was read is not trusted, neither before that nor after it", async () => {
    const node = lateNode();
    setElsewhere(node, 1);
    expect(await node.cache.get("k")).toBe(1);
    setElsewhere(node, 2);
    expect(await node.cache.get("k")).toBe(2);
    expect((await node.cache.getMany(["k"])).get("k")).toBe(2);
    setElsewhere(node, 3);
    node.begin();
    expect([await node.cache.get("k"), await node.cache.get("k")]).toEqual([3, 3]);
    const asked = node.far.gated.calls("get");
    expect([await node.cache.get("k"), node.far.gated.calls("get")]).toEqual([3, asked]);
  });

  test("what was written or loaded here is not trusted, either", async () => {
    const node = lateNode();
    const setting = node.cache.set("k", 1);
    node.begin();
    await setting;
    const again = lateNode();
    await again.store.set(KEY, entryOf(again.far, 1));
    setElsewhere(again, 2);
    expect([await node.cache.get("k"), await again.cache.get("k")]).toEqual([1, 2]);
  });

  test.each(["get", "getOrSet", "getMany"] as const)(
    "a %s that comes after that shares no read from before it",
    async (verb) => {
      const node = lateNode();
      const ask = {
        get: () => node.cache.get("k"),
        getOrSet: () => node.cache.getOrSet("k", () => "loaded"),
        getMany: async () => (await node.cache.getMany(["k"])).get("k"),
      }[verb];
      setElsewhere(node, 1);
      const held = node.far.gated.hold(verb === "getMany" ? "many.get" : "get", "after");
      const before = ask();
      await held.reached;
      setElsewhere(node, 2);
      node.begin();
      expect(await ask()).toBe(2);
      held.release();
      await before;
      expect(await ask()).toBe(2);
    },
  );

  test("a pair above is told of it, and trusts nothing from before", async () => {
    const node = lateNode((below) => tiered({ l1: memoryStore(), l2: below, l1Ttl: "1h" }));
    setElsewhere(node, 1);
    expect(await node.cache.get("k")).toBe(1);
    setElsewhere(node, 2);
    node.begin();
    expect(await node.cache.get("k")).toBe(2);
  });

  test("a stale value that was deleted meanwhile does not come back where the load fails", async () => {
    const node = lateNode();
    node.far.memory.set(KEY, entryOf(node.far, "old", { freshUntil: node.far.clock.now() }));
    const loading = node.cache.getOrSet("k", () => Promise.reject(new Error("down")));
    const failed = loading.catch((error: Error) => error.message);
    // It has looked, and waits for the bus.
    await node.cache.get("k");
    node.far.memory.delete(KEY);
    node.begin();
    expect(await failed).toBe("down");
  });

  test("and again where the tiers are left, and used anew", async () => {
    const node = lateNode();
    node.begin();
    setElsewhere(node, 1);
    expect(await node.cache.get("k")).toBe(1);
    await node.cache.close();
    setElsewhere(node, 2);
    const anew: Cache<unknown> = createCache({ store: node.store, ttl: "1h" });
    onTestFinished(() => anew.close());
    expect(await anew.get("k")).toBe(2);
    setElsewhere(node, 3);
    expect(await anew.get("k")).toBe(3);
    node.begin();
    setElsewhere(node, 4);
    expect(await anew.get("k")).toBe(4);
  });
});

/** Keeps this process from doing anything else. */
function holdUp(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

test("FIELD 47: a process that is held up while its bus begins to listen keeps what it loads all the same", async () => {
  const { cache, begin } = lateNode();
  const stored: boolean[] = [];
  cache.on("load", (load) => stored.push(load.stored));
  let isBegun = (): void => {};
  const begun = new Promise<void>((resolve) => {
    isBegun = resolve;
  });
  // A load that has begun before the bus is void when that begins.
  const loading = cache.getOrSetMany(["a", "b"], async (ids) => {
    await begun;
    return ids.map(() => 1);
  });
  // To connect, to say hello and to subscribe are turns of the event loop, each behind the timers that are due.
  const turns = (left: number): unknown => (left > 0 ? setTimeout(() => turns(left - 1), 1) : (begin(), isBegun()));
  await nextTurn();
  turns(3);
  holdUp(400);
  await loading;
  expect(stored).toEqual([true, true]);
});
