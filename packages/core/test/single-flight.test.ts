import { createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { describe, expect, it } from "vitest";

describe("one load per key", () => {
  it("ten thousand callers of one cold key share one load", async () => {
    const cache = createCache<number>({ store: memoryStore() });
    let loads = 0;
    const callers = Array.from({ length: 10_000 }, () => cache.getOrSet("a", async () => ++loads));
    const values = await Promise.all(callers);
    expect(loads).toBe(1);
    expect(new Set(values)).toEqual(new Set([1]));
    expect(cache.stats()).toMatchObject({ gets: 10_000, misses: 10_000, loads: 1 });
  });
});
