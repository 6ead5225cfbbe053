import { type CacheBus, createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { localHub } from "@granary/testkit";
import { tiered } from "@granary/tiered";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { gatedStore, signal } from "./support/gated-store.js";
import { handBus } from "./support/hand-bus.js";
import { entryOf, KEY, newFar, SCOPE, TAG, tierNode } from "./support/tier-node.js";

describe("on the bus", () => {
  test("a change is announced once L2 has it, and not before", async () => {
    const { cache, bus, far } = tierNode();
    const write = far.gated.hold("set", "before");
    const setting = cache.set("k", 1);
    await write.reached;
    expect(bus.published).toEqual([]);
    write.release();
    await setting;
    expect(bus.published).toEqual([{ type: "changed", keys: [KEY] }]);
  });

  test("each change is announced, and a load that fills an absent key is not", async () => {
    const { cache, bus, store } = tierNode();
    await cache.getOrSet("k", () => 1);
    expect(bus.published).toHaveLength(0);
    await cache.expire("k");
    await cache.delete("k");
    await store.many?.delete([KEY]);
    await cache.set("k", 1);
    expect(bus.published).toEqual(Array.from({ length: 4 }, () => ({ type: "changed", keys: [KEY] })));
  });

  test("an invalidation is announced once L2 has it, with the generation that L2 says, and walks nothing", async () => {
    const { cache, bus, far } = tierNode();
    await cache.set("k", 1);
    const step = far.gated.hold("invalidate", "before");
    const clearing = cache.clear();
    await step.reached;
    expect(bus.published).toHaveLength(1);
    step.release();
    expect([await clearing, await cache.invalidateTags(TAG)]).toEqual([true, true]);
    expect(bus.published.slice(1)).toEqual([
      { type: "invalidated", scope: SCOPE, epoch: expect.any(String), sequence: 1 },
      { type: "invalidated", scope: SCOPE, tags: [TAG], epoch: expect.any(String), sequence: 2 },
    ]);
    expect([far.gated.calls("invalidate"), far.gated.calls("delete"), far.gated.calls("many.delete")]).toEqual([
      2, 0, 0,
    ]);
  });

  test("an invalidation that L2 did not take says so, leaves nothing in L1, and is not announced", async () => {
    const far = newFar();
    const invalidate = (): never => {
      throw new Error("L2 cannot be reached.");
    };
    const { cache, bus, l1 } = tierNode({ far: { ...far, gated: gatedStore({ ...far.memory, invalidate }) } });
    await cache.set("k", 1);
    expect([await cache.clear(), await cache.invalidateTags(TAG)]).toEqual([false, false]);
    expect(bus.published).toHaveLength(1);
    expect(l1.get(KEY)).toBeUndefined();
  });

  test("a node does not hear itself: it keeps what it wrote, and the others drop theirs", async () => {
    const [far, hub] = [newFar(), localHub()];
    const nodes = ["one", "other"].map((name) =>
      tierNode({ far, pair: (tiers) => tiered({ ...tiers, bus: hub.bus(name) }) }),
    );
    const [one, other] = nodes;
    await other?.cache.set("k", "old");
    await one?.cache.set("k", "new");
    expect(nodes.map(({ l1 }) => l1.get(KEY)?.value)).toEqual(["new", undefined]);
    expect(await other?.cache.get("k")).toBe("new");
    expect([await one?.cache.get("k"), far.gated.calls("get")]).toEqual(["new", 1]);
  });
});

test("versions that a node sees do not go down while it writes and hears of an older write", async () => {
  const { cache, far, bus } = tierNode();
  far.memory.set(KEY, entryOf(far, 4));
  const write = far.gated.hold("set", "before");
  const setting = cache.set("k", 5);
  await write.reached;
  const seen = [await cache.get("k")];
  bus.hear(KEY); // of version 4, which another node had written before
  seen.push(await cache.get("k"));
  write.release();
  await setting;
  seen.push(await cache.get("k"));
  expect(seen).toEqual([5, 5, 5]);
});

test("a gap that swallows another node's delete during a load voids it", async () => {
  const { cache, far, bus } = tierNode();
  far.memory.set(KEY, entryOf(far, "old"));
  await cache.expire("k");
  const [started, finished] = [signal(), signal()];
  const serving = cache.getOrSet("k", async () => {
    started.give();
    await finished.given;
    return "loaded before the delete";
  });
  await started.given;
  far.memory.delete(KEY);
  bus.gap();
  finished.give();
  await serving;
  expect(await cache.get("k")).toBeUndefined();
});

describe("the bus of the inner pair of three tiers", () => {
  test("tells the outer L1 of another node's change, which it has dropped itself", async () => {
    const [far, inner, outer] = [newFar(), handBus(), handBus()];
    const l2 = tiered({ l1: memoryStore({ clock: far.clock }), l2: far.memory, bus: inner.bus });
    const cache = createCache<unknown>({
      store: tiered({ l1: memoryStore({ clock: far.clock }), l2, bus: outer.bus }),
      ttl: "1h",
    });
    far.memory.set(KEY, entryOf(far, "old"));
    expect(await cache.get("k")).toBe("old");
    far.memory.set(KEY, entryOf(far, "new"));
    // The message on the outer bus overtakes the one on the inner bus, and a read comes in between.
    outer.hear(KEY);
    expect(await cache.get("k")).toBe("old");
    inner.hear(KEY);
    expect(await cache.get("k")).toBe("new");
  });

  test("and where the outer pair has none, it need not wait 5 s", async () => {
    const [far, inner] = [newFar(), handBus()];
    const l2 = tiered({ l1: memoryStore({ clock: far.clock }), l2: far.memory, bus: inner.bus });
    const cache = createCache<unknown>({ store: tiered({ l1: memoryStore({ clock: far.clock }), l2 }), ttl: "1h" });
    far.memory.set(KEY, entryOf(far, "old"));
    expect(await cache.get("k")).toBe("old");
    far.memory.set(KEY, entryOf(far, "new"));
    inner.hear(KEY);
    expect(await cache.get("k")).toBe("new");
  });
});

test("an expire that finds nothing voids a load that is under way on another node, as one that finds something does", async () => {
  const [far, hub] = [newFar(), localHub()];
  const [one, other] = ["one", "other"].map((name) =>
    tierNode({ far, pair: (tiers) => tiered({ ...tiers, bus: hub.bus(name) }) }),
  );
  const [started, finished] = [signal(), signal()];
  const serving = other?.cache.getOrSet("k", async () => {
    started.give();
    await finished.given;
    return "loaded before the expire";
  });
  await started.given;
  await one?.cache.expire("k");
  finished.give();
  expect(await serving).toBe("loaded before the expire");
  expect([await one?.cache.get("k"), await other?.cache.get("k")]).toEqual([undefined, undefined]);
});

test("the wait for a bus that does not listen yet begins with the first read of L2, not behind it", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const mute: CacheBus = { name: "mute", publish: () => undefined, subscribe: () => () => undefined };
  const far = newFar();
  const cache = createCache<number>({ store: tiered({ l1: memoryStore(), l2: far.gated.store, bus: mute }) });
  const read = far.gated.hold("get", "before");
  const load = vi.fn(() => 1);
  const loading = cache.getOrSet("k", load);
  await read.reached;
  await vi.advanceTimersByTimeAsync(250);
  read.release();
  await vi.advanceTimersByTimeAsync(0);
  expect(load).toHaveBeenCalledOnce();
  expect(await loading).toBe(1);
});
