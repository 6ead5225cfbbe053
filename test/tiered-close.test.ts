import { createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { farStore, localHub, nextTurn } from "@granary/testkit";
import { tiered } from "@granary/tiered";
import { expect, test } from "vitest";
import { complaintsDuring } from "./support/complaints.js";
import { signal } from "./support/gated-store.js";
import { entryOf, KEY, tierNode } from "./support/tier-node.js";

test("close ends the subscription and the load under way, leaves no timer, and the tiers and the bus as they are", async () => {
  const { cache, bus, far, l1 } = tierNode();
  await cache.set("k", "value");
  expect([bus.listeners, l1.entryCount, far.memory.entryCount]).toEqual([1, 1, 1]);
  const started = signal();
  const loading = cache.getOrSet("other", () => {
    started.give();
    return new Promise(() => undefined);
  });
  await started.given;
  expect(far.clock.pending).toBe(1);
  await Promise.all([cache.close(), expect(loading).rejects.toMatchObject({ code: "CLOSED" })]);
  expect([bus.listeners, bus.closed, far.clock.pending]).toEqual([0, false, 0]);
  expect([l1.entryCount, far.memory.entryCount]).toEqual([1, 1]);
  await expect(cache.get("k")).rejects.toMatchObject({ code: "CLOSED" });
});

test("a fill that ends after close harms nothing", async () => {
  const { cache, far, bus } = tierNode();
  far.memory.set(KEY, entryOf(far, "value"));
  const reply = far.gated.hold("get", "after");
  const reading = cache.get("k");
  await reply.reached;
  await cache.close();
  reply.release();
  expect(await reading).toBe("value");
  expect([bus.listeners, far.clock.pending]).toEqual([0, 0]);
});

test("a load that was about to begin does not begin after close, and leaves no timer", async () => {
  const { cache, far } = tierNode();
  const reply = far.gated.hold("get", "after");
  let loads = 0;
  const loading = cache.getOrSet("k", () => {
    loads += 1;
    return new Promise(() => undefined);
  });
  await reply.reached;
  await cache.close();
  reply.release();
  await expect(loading).rejects.toMatchObject({ code: "CLOSED" });
  await nextTurn();
  expect([loads, far.clock.pending]).toEqual([0, 0]);
});

test("C44: what other nodes say to tiers whose near store was closed becomes no unhandled rejection", async () => {
  const [hub, l1] = [localHub(), memoryStore()];
  const cache = createCache<string>({ store: tiered({ l1, l2: farStore({}).connect(), bus: hub.bus("node") }) });
  const other = hub.bus("other");
  await cache.set("k", "value");
  l1.close();
  const complaints = await complaintsDuring(async () => {
    await other.publish({ type: "changed", keys: [KEY] });
    await other.publish({ type: "invalidated", scope: "granary:v1:default", epoch: "e", sequence: 1 });
    await nextTurn();
    await expect(cache.get("k")).rejects.toMatchObject({ code: "CLOSED" });
  });
  expect(complaints).toEqual([]);
  await cache.close();
});
