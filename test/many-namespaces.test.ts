import { createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { manualClock } from "@granary/testkit";
import { tiered } from "@granary/tiered";
import { describe, expect, test } from "vitest";

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
    for (let n = 0; n < OTHERS; n += 1) await store.invalidate?.({ scope: `granary:v1:other${n}` }, clock.now());
    for (let n = 0; n < ENTRIES; n += 1) expect(await kept.get(n)).toBe(n);
    expect(kept.stats().tiers).toEqual({ memory: ENTRIES });
  });
});
