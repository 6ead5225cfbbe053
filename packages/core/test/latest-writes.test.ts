import { type CacheEntry, CacheError, type CacheStore, createCache } from "@granary/core";
import { nextTurn } from "@granary/testkit";
import { describe, expect, it } from "vitest";
import { type Gate, gate } from "./support/fixtures.js";

/** A store whose writes end when a test says so, and which refuses the value "refused". */
function slowStore(): { readonly store: CacheStore; readonly asked: string[]; readonly gates: Gate<void>[] } {
  const entries = new Map<string, CacheEntry>();
  const [asked, gates]: [string[], Gate<void>[]] = [[], []];
  const next = async (what: string): Promise<void> => {
    asked.push(what);
    const own = gate();
    gates.push(own);
    await own.promise;
  };
  const store: CacheStore = {
    name: "slow",
    remote: false,
    get: (key) => entries.get(key),
    set: async (key, entry) => {
      if (key.includes(":generation:")) return void entries.set(key, entry);
      await next(`set ${String(entry.value)}`);
      if (entry.value === "refused") throw new CacheError("INVALID_VALUE", "Not this one.");
      entries.set(key, entry);
    },
    delete: async (key) => {
      await next("delete");
      return entries.delete(key);
    },
  };
  return { store, asked, gates };
}

/** Opens the gates one after the other, as they appear. */
async function openAll(gates: readonly Gate<void>[], count: number): Promise<void> {
  for (let at = 0; at < count; at += 1) {
    gates[at]?.open();
    await nextTurn();
  }
}

describe("many writes of one key at once", () => {
  it("are the first and the last, and all of them resolve", async () => {
    const { store, asked, gates } = slowStore();
    const cache = createCache<string>({ store });
    let told = 0;
    cache.on("set", () => {
      told += 1;
    });
    const writes = ["a", "b", "c", "d"].map((value) => cache.set("id", value));
    await nextTurn();
    expect(asked).toEqual(["set a"]);
    await openAll(gates, 2);
    expect(await Promise.all(writes)).toEqual([true, true, true, true]);
    expect(asked).toEqual(["set a", "set d"]);
    expect([await cache.get("id"), told, cache.stats().sets]).toEqual(["d", 4, 4]);
    await cache.close();
  });

  it("stay on their side of a deletion between them", async () => {
    const { store, asked, gates } = slowStore();
    const cache = createCache<string>({ store });
    const calls = [cache.set("id", "a"), cache.set("id", "b"), cache.delete("id"), cache.set("id", "c")];
    await nextTurn();
    await openAll(gates, 4);
    expect(await Promise.all(calls)).toEqual([true, true, true, true]);
    expect(asked).toEqual(["set a", "set b", "delete", "set c"]);
    expect(await cache.get("id")).toBe("c");
    await cache.close();
  });

  it("are written up to one that is refused for its value, which rejects alone", async () => {
    const { store, asked, gates } = slowStore();
    const cache = createCache<string>({ store });
    const calls = [cache.set("id", "a"), cache.set("id", "b"), cache.set("id", "refused")];
    const settled = Promise.allSettled(calls);
    await nextTurn();
    await openAll(gates, 3);
    expect(await settled).toMatchObject([
      { value: true },
      { value: true },
      { status: "rejected", reason: { code: "INVALID_VALUE" } },
    ]);
    expect(asked).toEqual(["set a", "set refused", "set b"]);
    expect(await cache.get("id")).toBe("b");
    await cache.close();
  });

  it("are not one with a write that the policy turns into a removal", async () => {
    const { store, asked, gates } = slowStore();
    const cache = createCache<string>({ store });
    const calls = [cache.set("id", "a"), cache.set("id", "b"), cache.set("id", "c", { ttl: 0 })];
    await nextTurn();
    await openAll(gates, 3);
    expect(await Promise.all(calls)).toEqual([true, true, false]);
    expect(asked).toEqual(["set a", "set b", "delete"]);
    await cache.close();
  });

  it("void the loads that began before the last of them", async () => {
    const { store, asked, gates } = slowStore();
    const cache = createCache<string>({ store });
    const loaded = gate<string>();
    const first = cache.set("id", "a");
    const second = cache.set("id", "b");
    const load = cache.getOrSet("id", () => loaded.promise);
    const third = cache.set("id", "c");
    await nextTurn();
    loaded.open("old");
    await openAll(gates, 2);
    expect(await Promise.all([load, first, second, third])).toEqual(["old", true, true, true]);
    expect(asked).toEqual(["set a", "set c"]);
    expect(await cache.get("id")).toBe("c");
    await cache.close();
  });
});
