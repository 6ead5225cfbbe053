import { CacheError, type CacheStore, type StoreEvent } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { faultyStore, nextTurn } from "@granary/testkit";
import { tiered } from "@granary/tiered";
import { expect, test } from "vitest";
import { gatedStore } from "./support/gated-store.js";
import { entryOf, KEY, newFar, tierNode } from "./support/tier-node.js";

test("of many that L2 refuses for one, none stays in L1", async () => {
  const far = newFar();
  const many = {
    ...(far.memory.many as NonNullable<CacheStore["many"]>),
    set: () => Promise.reject(new CacheError("INVALID_VALUE", "One cannot be written.")),
  };
  const { store, cache } = tierNode({ far: { ...far, gated: gatedStore({ ...far.memory, many }) } });
  far.memory.set(KEY, entryOf(far, "old"));
  await expect(
    (async () =>
      store.many?.set([
        [KEY, entryOf(far, "refused")],
        ["other", entryOf(far, 2)],
      ]))(),
  ).rejects.toMatchObject({ code: "INVALID_VALUE" });
  expect([await cache.get("k"), await store.get("other")]).toEqual(["old", undefined]);
});

test("of many single deletes that L2 makes one by one, one that fails does not end the guard of the others", async () => {
  const far = newFar();
  const { many: _, ...plain } = far.memory;
  const gated = gatedStore({
    ...plain,
    delete: (key) => (key === "bad" ? Promise.reject(new Error("no")) : far.memory.delete(key)),
  });
  const { store, cache } = tierNode({ far: { ...far, gated } });
  far.memory.set(KEY, entryOf(far, "old"));
  const slow = gated.hold("delete", "before");
  const deleting = Promise.resolve(store.many?.delete([KEY, "bad"])).catch(() => undefined);
  await slow.reached;
  await nextTurn();
  await cache.get("k");
  slow.release();
  await deleting;
  await nextTurn();
  expect(await cache.get("k")).toBeUndefined();
});

test("a read of many gives what L1 holds, as stale, where L2 fails, nothing for the rest, and tells of it", async () => {
  const far = newFar();
  const { store: l2, faults } = faultyStore(far.memory);
  const store = tiered({ l1: memoryStore({ clock: far.clock }), l2 });
  const { listener, errors } = errorsOf(store);
  await store.set(KEY, entryOf(far, "held"));
  await store.set("trusted", entryOf(far, "trusted"));
  await far.clock.advance(4_000);
  await store.set("trusted", entryOf(far, "trusted"));
  await far.clock.advance(2_000);
  faults.inject({ type: "reject" });
  const found = await store.many?.get([KEY, "absent", "trusted"], far.clock.now());
  void listener();
  expect(found?.map((entry) => entry?.value)).toEqual(["held", undefined, "trusted"]);
  expect(found?.[0]?.freshUntil).toBeLessThanOrEqual(far.clock.now());
  expect(found?.[2]?.freshUntil).toBeGreaterThan(far.clock.now());
  expect(errors).toEqual([expect.objectContaining({ type: "error", operation: "get", error: expect.any(Error) })]);
});

function errorsOf(store: CacheStore) {
  const errors: StoreEvent[] = [];
  const listener = store.on?.((event) => void (event.type === "error" && errors.push(event))) ?? (() => undefined);
  return { listener, errors };
}
