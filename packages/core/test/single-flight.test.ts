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

  it("a load that a delete has made void leaves the next one of its key to be joined when it ends", async () => {
    const cache = createCache<string>({ store: memoryStore() });
    const origin = new Map<string, (value: string) => void>();
    const ask = (id: string, load: string): Promise<string> =>
      cache.getOrSet(id, () => new Promise((resolve) => origin.set(load, resolve)));
    const first = ask("a", "first");
    await cache.delete("a");
    const second = ask("a", "second");
    const other = ask("b", "other");
    await Promise.resolve();
    expect([...origin.keys()]).toEqual(["first", "second", "other"]);
    origin.get("first")?.("deleted");
    expect(await first).toBe("deleted");
    const joining = ask("a", "third");
    origin.get("second")?.("new");
    origin.get("other")?.("b");
    expect(await Promise.all([second, joining, other])).toEqual(["new", "new", "b"]);
    expect([...origin.keys()]).toEqual(["first", "second", "other"]);
  });
});
