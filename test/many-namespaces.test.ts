import { createCache, guarded, scopesOf } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { redisStore } from "@granary/redis";
import { manualClock } from "@granary/testkit";
import { tiered } from "@granary/tiered";
import { describe, expect, onTestFinished, test } from "vitest";
import { gatedStore } from "./support/gated-store.js";
import { redisClient } from "./support/redis-client.js";

const OTHERS = 25_000;
const ENTRIES = 500;

describe("C16: what is invalidated in other namespaces costs a namespace no entry", () => {
  test("FIELD 18: 25,000 other namespaces are cleared: all 500 entries of memory stay, and what was cleared is gone", async () => {
    const store = memoryStore({ clock: manualClock(), maxEntries: 2 * OTHERS });
    const kept = createCache<number>({ store, namespace: "kept", ttl: "1h" });
    const others = createCache<number>({ store, namespace: "others", ttl: "1h" });
    for (let n = 0; n < ENTRIES; n += 1) await kept.set(n, n);
    for (let n = 0; n < ENTRIES; n += 1) await others.namespace(`n${n}`).set("a", n);
    for (let n = 0; n < OTHERS; n += 1) await others.namespace(`n${n}`).clear();
    expect((await kept.getMany(Array.from({ length: ENTRIES }, (_, n) => n))).size).toBe(ENTRIES);
    for (let n = 0; n < ENTRIES; n += 1) expect(await others.namespace(`n${n}`).get("a")).toBeUndefined();
  });

  test("FIELD 18: 25,000 tags in as many namespaces are invalidated: entries with tags elsewhere stay", async () => {
    const store = memoryStore({ clock: manualClock() });
    const kept = createCache<number>({ store, namespace: "kept", ttl: "1h", tags: ["red"] });
    for (let n = 0; n < ENTRIES; n += 1) await kept.set(n, n);
    for (let n = 0; n < OTHERS; n += 1)
      await createCache<number>({ store, namespace: `other${n % 50}` }).invalidateTags(`tag${n}`);
    expect((await kept.getMany(Array.from({ length: ENTRIES }, (_, n) => n))).size).toBe(ENTRIES);
  });

  test("FIELD 18: through tiers no read goes far either", async () => {
    const clock = manualClock();
    const far = memoryStore({ clock, name: "far" });
    const store = tiered({ l1: memoryStore({ clock }), l2: far, l1Ttl: "1h" });
    const kept = createCache<number>({ store, namespace: "kept", ttl: "1h" });
    for (let n = 0; n < ENTRIES; n += 1) await kept.set(n, n);
    for (let n = 0; n < OTHERS; n += 1) await store.invalidate?.({ scope: `granary:v1:other${n}` });
    for (let n = 0; n < ENTRIES; n += 1) expect(await kept.get(n)).toBe(n);
    expect(kept.stats().tiers).toEqual({ memory: ENTRIES });
  });

  test("FIELD 18: a batch of entries from before an invalidation of another tag stays fresh, however many namespaces are looked at meanwhile", async () => {
    const client = redisClient();
    onTestFinished(() => client.disconnect());
    const gated = gatedStore(redisStore({ client }));
    // No test may depend on how soon the hold ends.
    const store = guarded(gated.store, { timeout: "1m" });
    const kept = createCache<number>({ store, namespace: "kept", ttl: "1h", tags: ["red"] });
    const ids = Array.from({ length: 20 }, (_, n) => n);
    await kept.setMany(ids.map((n) => [n, n]));
    await kept.invalidateTags("blue");
    const hold = gated.hold("many.get", "after");
    const reading = kept.getMany(ids);
    await hold.reached;
    for (let n = 0; n < 2_000; n += 1) scopesOf(`granary:v1:other${n}:a`);
    hold.release();
    expect((await reading).size).toBe(ids.length);
    await kept.close();
  });
});
