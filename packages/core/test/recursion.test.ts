import { nextTurn } from "@granary/testkit";
import { describe, expect, it } from "vitest";
import { stillCache } from "./support/fixtures.js";

/** Where a call can be followed through its awaits at no cost. */
const FOLLOWS_AWAITS = Number.parseInt(process.versions.node, 10) >= 24;

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

  it("for its own key behind an await gets it at once, or from Node 20 and 22 at the hard timeout", async () => {
    const { cache, clock } = stillCache<number>({ hardTimeout: "1s" });
    const own = Promise.allSettled([
      cache.getOrSet("a", async () => {
        await nextTurn();
        return cache.getOrSet("a", () => 1);
      }),
    ]);
    await clock.advance(0);
    if (FOLLOWS_AWAITS) expect(clock.pending).toBe(0);
    await clock.advance(1_000);
    expect(await own).toMatchObject([
      { status: "rejected", reason: { code: FOLLOWS_AWAITS ? "RECURSIVE_LOAD" : "LOAD_TIMEOUT" } },
    ]);
    expect(clock.pending).toBe(0);
  });

  it("in a circle of two that each waits for the other gets it too", async () => {
    const { cache, clock } = stillCache<number>({ hardTimeout: "1s" });
    const ask = (id: string, other: string): Promise<number> =>
      cache.getOrSet(id, async () => {
        await nextTurn();
        return cache.getOrSet(other, () => ask(other, id));
      });
    const circle = Promise.allSettled([ask("a", "b"), ask("b", "a")]);
    await clock.advance(0);
    await clock.advance(1_000);
    for (const { status } of await circle) expect(status).toBe("rejected");
    expect(clock.pending).toBe(0);
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
