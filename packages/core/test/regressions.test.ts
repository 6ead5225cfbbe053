import { type CacheStore, createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { farStore, manualClock, nextTurn } from "@granary/testkit";
import { tiered } from "@granary/tiered";
import { describe, expect, it } from "vitest";
import { gate, stillCache } from "./support/fixtures.js";

/* Each of these was found by reading, and failed before it was mended. */

describe("a loader", () => {
  it("may ask another cache, on another store, for the same key", async () => {
    const [front, back] = [
      createCache<number>({ store: memoryStore() }),
      createCache<number>({ store: memoryStore() }),
    ];
    await back.set("joined", 2);
    expect(await front.getOrSet("a", () => back.getOrSet("a", () => 1))).toBe(1);
    const joined = back.getOrSet("b", async () => 3);
    expect(await front.getOrSet("b", () => back.getOrSet("b", () => 4))).toBe(3);
    expect(await joined).toBe(3);
  });

  it("leaves its chain behind when it has ended: what it started may load the key again", async () => {
    const { cache } = stillCache<number>();
    const later = gate();
    let second: Promise<number> | undefined;
    await cache.getOrSet("a", () => {
      second = later.promise.then(() => cache.getOrSet("a", () => 2));
      return 1;
    });
    await cache.delete("a");
    later.open();
    expect(await second).toBe(2);
  });

  it("that closes the cache at once leaves no timer behind", async () => {
    const { cache, clock } = stillCache<number>();
    const call = cache.getOrSet("a", () => {
      void cache.close();
      return new Promise<number>(() => {});
    });
    await expect(call).rejects.toMatchObject({ code: "CLOSED" });
    await nextTurn();
    expect(clock.pending).toBe(0);
  });

  it("of many that asks for one of its own ids is found out, whichever it is", async () => {
    for (const own of ["a", "b"]) {
      const { cache, clock } = stillCache<number>({ hardTimeout: "1s" });
      const call = Promise.allSettled([
        cache.getOrSetMany(["a", "b"], async (ids) => {
          await cache.getOrSet(own, () => 1);
          return ids.map(() => 2);
        }),
      ]);
      await clock.advance(0);
      expect(await call).toMatchObject([{ status: "rejected", reason: { code: "RECURSIVE_LOAD" } }]);
      expect(clock.pending).toBe(0);
    }
  });
});

describe("a batch", () => {
  it("does not wait for a refresh that somebody else has under way", async () => {
    const { cache, clock } = stillCache<number>({ ttl: "10s" });
    await cache.set("fresh", 1);
    await clock.advance(9_000);
    const refreshing = gate<number>();
    expect(await cache.getOrSet("fresh", () => refreshing.promise, { refreshAhead: 0.5 })).toBe(1);
    const values = await cache.getOrSetMany(["fresh", "absent"], (ids) => ids.map(() => 2));
    expect(values).toEqual(
      new Map([
        ["fresh", 1],
        ["absent", 2],
      ]),
    );
    refreshing.open(3);
  });
});

describe("a caller that leaves", () => {
  it("says nothing about the origin: the next one loads", async () => {
    const { cache, clock } = stillCache<number>({ ttl: "1s", staleIfError: "1h" });
    await cache.set("a", 1);
    await clock.advance(1_000);
    const leaver = new AbortController();
    const left = Promise.allSettled([
      cache.getOrSet("a", () => new Promise<never>(() => {}), { signal: leaver.signal }),
    ]);
    await nextTurn();
    leaver.abort("enough");
    expect(await left).toEqual([{ status: "rejected", reason: "enough" }]);
    await nextTurn();
    expect(await cache.getOrSet("a", () => 2)).toBe(2);
    expect(cache.stats()).toMatchObject({ loadFailures: 0, stale: 0 });
  });
});

describe("a store that fails, where callers want to see it", () => {
  const failing: CacheStore = {
    name: "failing",
    get: () => Promise.reject(new Error("down")),
    set: () => Promise.reject(new Error("down")),
    delete: () => Promise.reject(new Error("down")),
  };

  it("leaves no rejection that nobody hears of", async () => {
    const unheard: unknown[] = [];
    const listen = (error: unknown): void => void unheard.push(error);
    process.on("unhandledRejection", listen);
    const cache = createCache<number>({ store: failing, onStoreError: "throw" });
    cache.on("error", () => {});
    await expect(cache.getOrSetMany(["a", "b"], () => [1, 2], { signal: AbortSignal.abort("no") })).rejects.toBe("no");
    await expect(cache.get("a")).rejects.toMatchObject({ code: "STORE_FAILED" });
    await expect(cache.getOrSet("a", 5 as never)).rejects.toMatchObject({ code: "INVALID_OPTION" });
    await nextTurn();
    await nextTurn();
    process.off("unhandledRejection", listen);
    expect(unheard).toEqual([]);
  });
});

describe("a lease", () => {
  it("is given back when its value cannot be written", async () => {
    const clock = manualClock();
    const store = farStore({ clock }).connect();
    const cache = createCache<unknown>({ store, clock });
    cache.on("error", () => {});
    let loads = 0;
    for (let call = 1; call <= 3; call += 1) {
      await cache.getOrSet("a", () => {
        loads += 1;
        return { method: () => 1 };
      });
      expect(loads).toBe(call);
    }
    // What is left is the timer of the guard, which goes by itself.
    await clock.advance(0);
    expect(clock.pending).toBe(0);
  });
});

describe("a refresh that is written under a lease", () => {
  it("does not come to stand under what a read of far found before it", async () => {
    const clock = manualClock();
    const server = farStore({ clock });
    const [node, other] = [server.connect(), server.connect()];
    const answers: Array<() => void> = [];
    const slow: CacheStore = {
      ...node,
      get: async (key, now, admit) => {
        const found = await node.get(key, now, admit);
        if (answers.length > 0) await new Promise<void>((resolve) => answers.push(resolve));
        return found;
      },
    };
    const l1 = memoryStore({ clock });
    const pair = tiered({ l1, l2: slow, l1Ttl: "1h" });
    const cache = createCache<string>({ store: pair, clock, ttl: "1h", jitter: false });
    const elsewhere = createCache<string>({ store: other, clock, ttl: "1h", jitter: false });
    await elsewhere.set("k", "v1");
    await clock.advance(60_000);
    answers.push(() => {});
    const reading = cache.get("k");
    await nextTurn();
    await nextTurn();
    const key = "granary:v1:default:k";
    const answer = await pair.leases?.acquire(key, "token");
    const generations = answer?.type === "granted" ? answer.generations : undefined;
    expect(generations).toBeDefined();
    const now = clock.now();
    const entry = { value: "v2", createdAt: now, freshUntil: now + 3_600_000, keepUntil: now + 3_600_000 };
    expect(await pair.leases?.fill(key, entry, { token: "token", generations })).toBe(true);
    for (const go of answers.splice(0)) go();
    await reading;
    expect(await cache.get("k")).toBe("v2");
    expect(l1.get(key)?.value).toBe("v2");
  });
});
