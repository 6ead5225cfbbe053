import { type CacheEventName, createCache, isCacheError } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { describe, expect, it, vi } from "vitest";
import { gate, stillCache } from "./support/fixtures.js";

const NAMES: readonly CacheEventName[] = [
  "hit",
  "miss",
  "fallback",
  "load",
  "loadError",
  "set",
  "delete",
  "expire",
  "clear",
  "error",
];

describe("events", () => {
  it("tell the whole history, in order", async () => {
    const { cache, clock } = stillCache<number>({ ttl: "1m", staleIfError: "1h", retryAfter: "1s" });
    const history: unknown[] = [];
    for (const name of NAMES) cache.on(name, (event) => history.push([name, event]));
    const key = "granary:v1:default:a";
    const down = new Error("down");
    await cache.get("a");
    await cache.getOrSet("a", () => 1);
    await cache.getOrSet("a", () => 2);
    await cache.set("a", 3);
    await cache.expire("a");
    await cache.getOrSet("a", () => Promise.reject(down));
    await cache.getOrSet("a", () => 4);
    await clock.advance(1_000);
    await cache.getOrSet("a", ({ skip }) => (skip(), 4));
    await cache.delete("a");
    await cache.clear();
    expect(history).toEqual([
      ["miss", { key }],
      ["miss", { key }],
      ["load", { key, ms: 0, stored: true }],
      ["hit", { key, tier: "memory", stale: false }],
      ["set", { key }],
      ["expire", { key }],
      ["miss", { key }],
      ["loadError", { key, error: down }],
      ["fallback", { key, reason: "failed" }],
      ["hit", { key, tier: "memory", stale: true }],
      ["miss", { key }],
      ["load", { key, ms: 0, stored: false }],
      ["delete", { key, existed: true }],
      ["clear", { scope: "granary:v1:default" }],
    ]);
    expect(cache.stats()).toEqual({
      gets: 6,
      hits: 2,
      misses: 4,
      tiers: { memory: 2 },
      stale: 2,
      loads: 3,
      loadFailures: 1,
      sets: 1,
      deletes: 1,
      errors: 0,
      unserializable: 0,
      stores: {},
    });
  });

  it("of a child reach its parent, and not its sibling", async () => {
    const { cache } = stillCache<number>();
    const heard: string[] = [];
    const [one, other] = [cache.namespace("one"), cache.namespace("other")];
    cache.on("set", ({ key }) => heard.push(`parent ${key}`));
    one.on("set", ({ key }) => heard.push(`one ${key}`));
    other.on("set", ({ key }) => heard.push(`other ${key}`));
    await one.set("a", 1);
    expect(heard).toEqual(["one granary:v1:default/one:a", "parent granary:v1:default/one:a"]);
  });

  it("end with the listener's leave, once for each time it listens", async () => {
    const { cache } = stillCache<number>();
    const listener = vi.fn();
    const leaves = [cache.on("set", listener), cache.on("set", listener)];
    await cache.set("a", 1);
    expect(listener).toHaveBeenCalledTimes(2);
    for (const leave of leaves) leave();
    leaves[0]?.();
    await cache.set("a", 1);
    expect(listener).toHaveBeenCalledTimes(2);
  });

  it("whose listener throws break nothing, and become an error event", async () => {
    const { cache } = stillCache<number>();
    const broken = new Error("listener");
    const errors: unknown[] = [];
    cache.on("error", ({ operation, error }) => errors.push(operation, error));
    cache.on("set", () => {
      throw broken;
    });
    expect(await cache.set("a", 1)).toBe(true);
    expect(errors).toEqual(['listener of "set"', broken]);
  });

  it("of errors that nobody hears go to the console, once a kind", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const store = { name: "broken", get: () => Promise.reject(new Error("down")), set: () => {}, delete: () => false };
    const cache = createCache<number>({ store });
    await cache.get("a");
    await cache.get("b");
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]?.[0]).toMatch(/^granary: get of granary:v1:default:a failed/);
    warn.mockRestore();
  });
});

describe("a failing store", () => {
  const broken = (): never => {
    throw new Error("down");
  };
  const rejecting = async (): Promise<never> => broken();
  const stores = [
    ["throws", { name: "broken", remote: false, get: broken, set: broken, delete: broken }],
    ["rejects", { name: "broken", remote: false, get: rejecting, set: rejecting, delete: rejecting }],
  ] as const;

  it.each(stores)("that %s counts as a miss, and is told", async (_, store) => {
    const cache = createCache<number>({ store });
    const told: unknown[] = [];
    cache.on("error", ({ operation, error }) => told.push([operation, isCacheError(error, "STORE_FAILED")]));
    expect(await cache.get("a")).toBeUndefined();
    expect(await cache.getOrSet("a", () => 1)).toBe(1);
    expect(await cache.set("a", 1)).toBe(false);
    expect(await cache.delete("a")).toBe(false);
    expect(await cache.has("a")).toBe(false);
    expect(told).toEqual([
      ["get", true],
      ["get", true],
      ["generations", true],
      ["set", true],
      ["delete", true],
      ["get", true],
    ]);
    expect(cache.stats().errors).toBe(6);
  });

  it.each(stores)("that %s rejects where the caller asked for that", async (_, store) => {
    const cache = createCache<number>({ store, onStoreError: "throw" });
    cache.on("error", () => {});
    const refused = expect.objectContaining({ code: "STORE_FAILED", cause: new Error("down") });
    const calls = [
      () => cache.get("a"),
      () => cache.getOrSet("a", () => 1),
      () => cache.set("a", 1),
      () => cache.delete("a"),
    ];
    for (const call of calls) {
      await expect(call()).rejects.toEqual(refused);
      await expect(call()).rejects.toEqual(refused);
    }
  });
});

describe("close", () => {
  it("ends loads under way, and refuses later calls", async () => {
    const { cache, clock } = stillCache<number>();
    await cache.set("a", 1);
    const [started, never] = [gate(), gate<number>()];
    let aborted: unknown;
    const waiting = cache.getOrSet("b", ({ signal }) => {
      signal.addEventListener("abort", () => (aborted = signal.reason));
      started.open();
      return never.promise;
    });
    await started.promise;
    expect(clock.pending).toBe(1);
    await Promise.all([expect(waiting).rejects.toMatchObject({ code: "CLOSED" }), cache.close()]);
    expect(aborted).toMatchObject({ code: "CLOSED" });
    expect(clock.pending).toBe(0);
    await expect(cache.get("a")).rejects.toMatchObject({ code: "CLOSED" });
    await expect(cache.getOrSet("a", () => 1)).rejects.toMatchObject({ code: "CLOSED" });
    await expect(cache.namespace("x").set("a", 1)).rejects.toMatchObject({ code: "CLOSED" });
    await cache.close();
  });

  it("leaves the store open, for whoever uses it next", async () => {
    const close = vi.fn();
    const store = { ...memoryStore(), close };
    const [one, other] = [createCache({ store }), createCache({ store, namespace: "other" })];
    await one.close();
    await one.close();
    expect(close).toHaveBeenCalledTimes(0);
    await other[Symbol.asyncDispose]();
    expect(close).toHaveBeenCalledTimes(0);
  });

  it("of a child leaves its parent open", async () => {
    const { cache } = stillCache<number>();
    await cache.namespace("child").close();
    expect(await cache.set("a", 1)).toBe(true);
  });
});

describe("clear", () => {
  it("empties its namespace and its children, and nothing else", async () => {
    const store = memoryStore();
    const names = ["users", "user", "users2", "other"];
    const roots = names.map((namespace) => createCache<number>({ store, namespace }));
    const [users] = roots as [(typeof roots)[number]];
    const child = users.namespace("team");
    const elsewhere = [
      createCache<number>({ store, namespace: "users", version: "v2" }),
      createCache<number>({ store, namespace: "users", prefix: "app" }),
    ];
    for (const cache of [...roots, child, ...elsewhere]) for (const id of ["1", "*", "users:1"]) await cache.set(id, 1);
    await users.clear();
    for (const id of ["1", "*", "users:1"]) {
      expect(await users.has(id)).toBe(false);
      expect(await child.has(id)).toBe(false);
      for (const cache of [...roots.slice(1), ...elsewhere]) expect(await cache.has(id)).toBe(true);
    }
  });
});
