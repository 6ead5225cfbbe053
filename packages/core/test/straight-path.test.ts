import { memoryStore } from "@granary/memory";
import { manualClock, nextTurn } from "@granary/testkit";
import { describe, expect, it } from "vitest";
import { type CallOptions, createCache } from "../src/index.js";
import { Keys } from "../src/key.js";
import { gate, stillCache } from "./support/fixtures.js";

/** A store that answers at once is not waited for. What may go wrong in between is here. */
describe("a load in memory", () => {
  it("that fails at once is one load for all who call in the same turn", async () => {
    const { cache } = stillCache<number>();
    let loads = 0;
    const load = (): number => {
      loads += 1;
      throw new Error("at once");
    };
    const calls = Array.from({ length: 20 }, () => cache.getOrSet("a", load));
    for (const call of await Promise.allSettled(calls)) expect(call).toMatchObject({ reason: { message: "at once" } });
    expect(loads).toBe(1);
    expect(cache.stats()).toMatchObject({ loads: 1, loadFailures: 1, misses: 20 });
    expect(await cache.getOrSet("a", () => 1)).toBe(1);
  });

  it("that answers at once is one load for all who call in the same turn, and a hit for who comes later", async () => {
    const { cache } = stillCache<number>();
    let loads = 0;
    const load = (): number => {
      loads += 1;
      return loads;
    };
    const calls = Array.from({ length: 20 }, () => cache.getOrSet("a", load));
    expect(new Set(await Promise.all(calls))).toEqual(new Set([1]));
    expect(await cache.getOrSet("a", load)).toBe(1);
    expect(cache.stats()).toMatchObject({ loads: 1, hits: 1, misses: 20, gets: 21 });
  });

  it("that a delete of the same turn comes after is not stored, and the next caller loads anew", async () => {
    const { cache } = stillCache<string>();
    const old = gate<string>();
    const first = cache.getOrSet("a", () => old.promise);
    expect(await cache.delete("a")).toBe(false);
    expect(await cache.getOrSet("a", () => "new")).toBe("new");
    old.open("old");
    expect(await first).toBe("old");
    expect(await cache.get("a")).toBe("new");
  });

  it.each(["delete", "clear", "set"] as const)("that a %s overtakes while it runs is not stored", async (change) => {
    const { cache } = stillCache<string>();
    const loading = gate<string>();
    const call = cache.getOrSet("a", () => loading.promise);
    await nextTurn();
    if (change === "set") await cache.set("a", "set");
    else if (change === "clear") await cache.clear();
    else await cache.delete("a");
    loading.open("loaded");
    expect(await call).toBe("loaded");
    expect(await cache.get("a")).toBe(change === "set" ? "set" : undefined);
  });

  it("that is closed in the turn of its call is not begun", async () => {
    const { cache } = stillCache<number>();
    let loads = 0;
    const call = cache.getOrSet("a", () => {
      loads += 1;
      return loads;
    });
    const closed = cache.close();
    await expect(call).rejects.toMatchObject({ code: "CLOSED" });
    await closed;
    expect(loads).toBe(0);
  });

  it("goes on for those who joined in the same turn where the one who began it leaves at once", async () => {
    const { cache } = stillCache<number>();
    const leaver = new AbortController();
    const loading = gate<number>();
    const left = cache.getOrSet("a", () => loading.promise, { signal: leaver.signal });
    const stayed = cache.getOrSet("a", () => 2);
    leaver.abort(new Error("left"));
    await expect(left).rejects.toThrow("left");
    loading.open(1);
    expect(await stayed).toBe(1);
  });

  it("may be asked for by a listener that hears of its end", async () => {
    const { cache } = stillCache<number>();
    const again: Array<Promise<number>> = [];
    cache.on("load", () => again.push(cache.getOrSet("a", () => 2)));
    cache.on("loadError", () => again.push(cache.getOrSet("b", () => 3)));
    expect(await cache.getOrSet("a", async () => 1)).toBe(1);
    await expect(cache.getOrSet("b", () => Promise.reject(new Error("down")))).rejects.toThrow("down");
    expect(again.length).toBeGreaterThan(1);
    expect(await Promise.all(again.slice(0, 2))).toEqual([1, 3]);
  });

  it("is not part of the load that was begun just before it", async () => {
    const { cache } = stillCache<number>();
    const first = gate<number>();
    const calls = [cache.getOrSet("a", () => first.promise), cache.getOrSet("b", () => cache.getOrSet("a", () => 2))];
    await nextTurn();
    const afterwards = cache.getOrSet("a", () => 3);
    first.open(1);
    expect(await Promise.all([...calls, afterwards])).toEqual([1, 1, 1]);
  });

  it("may be asked for again by what its loader left behind", async () => {
    const { cache } = stillCache<number>();
    const later = gate<void>();
    let left: Promise<number> | undefined;
    await cache.getOrSet("a", async () => {
      left = later.promise.then(() => cache.getOrSet("a", () => 2));
      return 1;
    });
    await cache.delete("a");
    later.open();
    expect(await left).toBe(2);
  });

  it("runs in the caller's own context", async () => {
    const { AsyncLocalStorage } = await import("node:async_hooks");
    const request = new AsyncLocalStorage<string>();
    const { cache } = stillCache<string | undefined>();
    const ask = (id: string): Promise<string | undefined> =>
      request.run(id, async () => {
        const seen = await cache.getOrSet(id, async () => {
          await nextTurn();
          return request.getStore();
        });
        expect(request.getStore()).toBe(id);
        return seen;
      });
    expect(await Promise.all([ask("a"), ask("b")])).toEqual(["a", "b"]);
    expect(request.getStore()).toBeUndefined();
  });
});

describe("the options of a call that finds a fresh value", () => {
  const held = async () => {
    const still = stillCache<string>({ ttl: "10s", jitter: 0 });
    await still.cache.set("a", "held");
    await still.cache.get("a");
    return still;
  };

  it("that only say how to load change nothing", async () => {
    const { cache } = await held();
    const options = { ttl: "1s", tags: ["t"], staleIfError: "1h", hardTimeout: "1s", lease: false } as const;
    expect(await cache.getOrSet("a", () => "new", options)).toBe("held");
    expect(await cache.get("a", options)).toBe("held");
    expect(cache.stats()).toMatchObject({ hits: 3, misses: 0 });
  });

  it("are refused where nobody knows them", async () => {
    const { cache } = await held();
    for (const options of [{ tll: "1s" }, null, "5m"] as unknown as CallOptions[]) {
      await expect(cache.getOrSet("a", () => "new", options)).rejects.toMatchObject({ code: "INVALID_OPTION" });
    }
  });

  const wrong = [{ ttl: "5 parsecs" }, { ttl: -1 }, { staleIfError: null }, { hardTimeout: Number.NaN }, { ttl: "" }];
  it.each([...wrong, { tags: [""] }, { tags: "t" }, { lease: "no" }, { jitter: 2 }])(
    "are refused: %o",
    async (options) => {
      const { cache } = await held();
      for (const call of [cache.getOrSet("a", () => "new", options as never), cache.get("a", options as never)])
        await expect(call).rejects.toMatchObject({ code: "INVALID_OPTION" });
    },
  );

  it("count where they name another key, have been aborted, or ask for a refresh ahead", async () => {
    const { cache, clock } = await held();
    expect(await cache.getOrSet("a", () => "other", { params: { page: 2 } })).toBe("other");
    const aborted = cache.getOrSet("a", () => "new", { signal: AbortSignal.abort(new Error("left")) });
    await expect(aborted).rejects.toThrow("left");
    await clock.advance(9_000);
    expect(await cache.getOrSet("a", () => "refreshed", { refreshAhead: 0.8 })).toBe("held");
    await nextTurn();
    expect(await cache.get("a")).toBe("refreshed");
  });
});

describe("the places that are remembered", () => {
  it("are as many as the store has of those asked for, and give way when it drops them", async () => {
    const keys = new Keys({ prefix: "p", version: "v", namespace: "n" });
    const places = Array.from({ length: 30_000 }, (_, id) => ({
      key: keys.of(id),
      value: {} as unknown,
      rest: undefined,
    }));
    places.forEach((place, id) => keys.place(id, place));
    expect(places.every((place, id) => keys.recall(id) === place)).toBe(true);
    for (const place of places) place.value = undefined;
    const before = places.filter((_, id) => keys.recall(id) !== undefined).length;
    for (let id = 30_000; id < 60_000; id += 1) keys.place(id, { key: keys.of(id), value: {}, rest: undefined });
    expect(before).toBe(30_000);
    expect(places.filter((_, id) => keys.recall(id) !== undefined)).toEqual([]);
  });

  it("never give what an entry that took the place of another had", async () => {
    const clock = manualClock();
    const cache = createCache<string>({ store: memoryStore({ maxEntries: 10, clock }) });
    for (let round = 0; round < 3; round += 1) {
      for (let id = 0; id < 20; id += 1) {
        const value = `${id} of ${round}`;
        await cache.delete(id);
        expect(await cache.getOrSet(id, () => value)).toBe(value);
        expect(await cache.getOrSet(id, () => "wrong")).toBe(value);
        expect(await cache.getOrSet(String(id), () => "wrong")).toBe(value);
      }
    }
  });
});

describe("a hit in memory", () => {
  it("is given to its caller, even where a listener deletes or replaces it", async () => {
    const { cache } = stillCache<number>();
    const changes = [() => cache.delete("a"), () => cache.set("a", 2), () => cache.clear()];
    for (const change of changes) {
      await cache.set("a", 1);
      await cache.get("a");
      const silence = cache.on("hit", () => void change());
      expect(await cache.getOrSet("a", () => 3)).toBe(1);
      silence();
    }
  });
});
