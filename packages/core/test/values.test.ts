import { CLOCK_ERROR_MS, createCache, type Duration } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { describe, expect, it } from "vitest";
import { stillCache } from "./support/fixtures.js";

const VALUES: ReadonlyArray<readonly [name: string, value: unknown]> = [
  ["null", null],
  ["0", 0],
  ["-0", -0],
  ["the empty string", ""],
  ["false", false],
  ["NaN", Number.NaN],
  ["an array", []],
];

describe("a value that is easily mistaken for a miss", () => {
  it.each(VALUES)("%s is stored and loaded once", async (_, value) => {
    const { cache } = stillCache<unknown>();
    let loads = 0;
    const load = (): unknown => {
      loads += 1;
      return value;
    };
    expect(await cache.getOrSet("a", load)).toBe(value);
    expect(await cache.getOrSet("a", load)).toBe(value);
    expect(await cache.get("a")).toBe(value);
    expect(await cache.has("a")).toBe(true);
    expect(loads).toBe(1);
  });

  it("undefined is not stored without a negative ttl", async () => {
    const { cache } = stillCache<number | undefined>();
    expect(await cache.getOrSet("a", () => undefined)).toBeUndefined();
    expect(await cache.has("a")).toBe(false);
    expect(await cache.set("a", undefined)).toBe(false);
    expect(await cache.getOrSet("a", () => 5)).toBe(5);
  });

  it("undefined takes the place of what was there, so that no old value is read after it", async () => {
    const { cache } = stillCache<number | undefined>();
    await cache.set("a", 1);
    expect(await cache.set("a", undefined)).toBe(false);
    expect(await cache.get("a")).toBeUndefined();
    expect(await cache.has("a")).toBe(false);
  });

  it.each([undefined, null])("%s lives for the negative ttl where there is one", async (absent) => {
    const { cache, clock } = stillCache<number | undefined | null>({ ttl: "1h", negativeTtl: "10s" });
    let loads = 0;
    const load = (): typeof absent => {
      loads += 1;
      return absent;
    };
    await cache.getOrSet("a", load);
    await clock.advance(9_999);
    expect(await cache.getOrSet("a", load)).toBe(absent);
    expect(loads).toBe(1);
    expect(await cache.ttl("a")).toBe(1);
    await clock.advance(1);
    await cache.getOrSet("a", load);
    expect(loads).toBe(2);
  });
});

describe("the ttl", () => {
  it("is five minutes by default, less a tenth at most", async () => {
    const { clock } = stillCache();
    const cache = createCache<number>({ store: memoryStore({ clock }), clock });
    const left: number[] = [];
    for (let id = 0; id < 200; id += 1) {
      await cache.set(id, id);
      left.push((await cache.ttl(id)) ?? Number.NaN);
    }
    for (const ms of left) expect(ms).toSatisfy((span: number) => span > 269_999 && span <= 300_000);
    expect(new Set(left).size).toBeGreaterThan(50);
  });

  it("makes a value fresh up to it, and no longer", async () => {
    const { cache, clock } = stillCache<number>({ ttl: "10s" });
    await cache.set("a", 1);
    await clock.advance(9_999);
    expect(await cache.get("a")).toBe(1);
    await clock.advance(1);
    expect(await cache.get("a")).toBeUndefined();
    expect(await cache.ttl("a")).toBeUndefined();
  });

  it("of 0 does not store, and drops what was there", async () => {
    const { cache } = stillCache<number>();
    await cache.set("a", 1);
    expect(await cache.set("a", 2, { ttl: 0 })).toBe(false);
    expect(await cache.has("a")).toBe(false);
    let loads = 0;
    const load = (): number => (loads += 1);
    await cache.getOrSet("b", load, { ttl: 0 });
    await cache.getOrSet("b", load, { ttl: 0 });
    expect(loads).toBe(2);
  });

  it("of Infinity never ends", async () => {
    const { cache, clock } = stillCache<number>({ jitter: 0.1 });
    await cache.set("a", 1, { ttl: Number.POSITIVE_INFINITY });
    await clock.advance(1e15);
    expect(await cache.get("a")).toBe(1);
    expect(await cache.ttl("a")).toBe(Number.POSITIVE_INFINITY);
  });

  it.each(["5 parsecs", -1, Number.NaN, "", null, {}])("of %j is refused at once, and nothing is lost", async (ttl) => {
    const { cache } = stillCache<number>();
    await cache.set("a", 1);
    const wrong = { ttl: ttl as Duration };
    await expect(cache.set("a", 2, wrong)).rejects.toMatchObject({ code: "INVALID_OPTION" });
    await expect(cache.getOrSet("a", () => 2, wrong)).rejects.toMatchObject({ code: "INVALID_OPTION" });
    expect(() => createCache({ store: memoryStore(), ...wrong })).toThrow(/^ttl: /);
    expect(await cache.get("a")).toBe(1);
  });

  it("may be set by the loader", async () => {
    const { cache } = stillCache<number>();
    await cache.getOrSet("a", ({ setTtl }) => {
      setTtl("7s");
      return 1;
    });
    expect(await cache.ttl("a")).toBe(7_000);
  });
});

describe("ids", () => {
  it("a number and its text are one id", async () => {
    const { cache } = stillCache<string>();
    await cache.set(1, "one");
    expect(await cache.get("1")).toBe("one");
    expect(await cache.delete("1")).toBe(true);
    expect(await cache.has(1)).toBe(false);
  });

  it.each(["a:b", "*", "{}", "🦫", "x".repeat(10_240), "", " ", "?", "%", "a/b", "\n", "__proto__"])(
    "%j is an id like any",
    async (id) => {
      const { cache } = stillCache<string>();
      await cache.set(id, "it");
      await cache.set(`${id}!`, "another");
      expect(await cache.get(id)).toBe("it");
      expect(await cache.delete(id)).toBe(true);
      expect(await cache.get(`${id}!`)).toBe("another");
    },
  );

  it("params in any order name one entry, and none other", async () => {
    const { cache } = stillCache<string>();
    await cache.set("a", "both", { params: { x: 1, y: new Date(0) } });
    expect(await cache.get("a", { params: { y: new Date(0), x: 1 } })).toBe("both");
    expect(await cache.get("a")).toBeUndefined();
    expect(await cache.get("a", { params: { x: 1 } })).toBeUndefined();
  });
});

describe("expire", () => {
  it("makes an entry stale now, and keeps it as long as the policy serves stale ones", async () => {
    const { cache, clock } = stillCache<number>({ ttl: "1h", staleIfError: "1m" });
    await cache.set("a", 1);
    expect(await cache.expire("a")).toBe(true);
    expect(await cache.get("a")).toBeUndefined();
    // Stale also by a clock of another node that is read a little earlier.
    const freshUntil = clock.now() - CLOCK_ERROR_MS;
    expect(await cache.entry("a")).toMatchObject({ value: 1, freshUntil, keepUntil: clock.now() + 60_000 });
    expect(await cache.getOrSet("a", () => Promise.reject(new Error("down")))).toBe(1);
    expect(await cache.expire("a")).toBe(false);
  });

  it("is a delete where no stale value may be served", async () => {
    const { cache } = stillCache<number>();
    await cache.set("a", 1);
    expect(await cache.expire("a")).toBe(true);
    expect(await cache.entry("a")).toBeUndefined();
    expect(await cache.expire("missing")).toBe(false);
  });
});

describe("options", () => {
  it("that nobody knows are refused by name", async () => {
    expect(() => createCache({ store: memoryStore(), tll: "5m" } as never)).toThrow(/no option "tll"/);
    const { cache } = stillCache();
    await expect(cache.get("a", { tags: [], para: 1 } as never)).rejects.toMatchObject({ code: "INVALID_OPTION" });
    await expect(cache.get("a", "5m" as never)).rejects.toMatchObject({ code: "INVALID_OPTION" });
  });

  it.each([undefined, null, {}, memoryStore, new Map()])("%s is no store", (store) => {
    expect(() => createCache({ store: store as never })).toThrow(/^store: takes a CacheStore/);
  });

  it.each([-0.1, 1.1, Number.NaN, true, "0.1"])("a jitter of %s is refused", (jitter) => {
    expect(() => createCache({ store: memoryStore(), jitter: jitter as never })).toThrow(/^jitter: /);
  });

  it("a loader that is none is refused", async () => {
    const { cache } = stillCache<number>();
    await expect(cache.getOrSet("a", 5 as never)).rejects.toThrow(/The second argument is a function/);
    await expect(cache.getOrSet("a", 5 as never)).rejects.toMatchObject({ code: "INVALID_OPTION" });
  });
});
