import { describe, expect, it } from "vitest";
import { stillCache } from "./support/fixtures.js";

describe("a loader that calls the cache", () => {
  it("for another key, in any depth, gets its value", async () => {
    const { cache } = stillCache<number>();
    const depth = (n: number): Promise<number> =>
      cache.getOrSet(n, async () => (n === 0 ? 1 : (await depth(n - 1)) + 1));
    expect(await depth(50)).toBe(51);
    expect(cache.stats().loads).toBe(51);
  });

  it("for its own key gets a clear error", async () => {
    const { cache } = stillCache<number>();
    const own = cache.getOrSet("a", () => cache.getOrSet("a", () => 1));
    await expect(own).rejects.toMatchObject({ code: "RECURSIVE_LOAD" });
    expect(await cache.getOrSet("a", () => 2)).toBe(2);
  });

  it("may write, read and delete its own key", async () => {
    const { cache } = stillCache<number>();
    const value = await cache.getOrSet("a", async () => {
      expect(await cache.get("a")).toBeUndefined();
      await cache.set("a", 1);
      await cache.delete("a");
      return 2;
    });
    expect(value).toBe(2);
    expect(await cache.has("a")).toBe(false);
  });
});
