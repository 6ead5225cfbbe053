import { type CacheStore, createCache, type StoreEvent } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { describe, expect, it } from "vitest";

const IDS = Array.from({ length: 50 }, (_, at) => at);

/** A store that tells of a gap while the first read of many keys is under way, and counts its reads of values. */
function storeWithGap() {
  const memory = memoryStore();
  const asked = new Set<string>();
  const reads = { one: 0, many: 0 };
  let tell: (event: StoreEvent) => void = () => {};
  const store: CacheStore = {
    name: "gap",
    remote: false,
    get: async (key, now) => {
      if (asked.has(key)) reads.one += 1;
      return memory.get(key, now);
    },
    set: (key, entry) => memory.set(key, entry),
    delete: (key) => memory.delete(key),
    many: {
      get: async (keys, now) => {
        reads.many += 1;
        for (const key of keys) asked.add(key);
        const found = await Promise.all(keys.map((key) => memory.get(key, now)));
        if (reads.many === 1) tell({ type: "gap" });
        return found;
      },
      set: async (entries) => {
        for (const [key, entry] of entries) await memory.set(key, entry);
      },
      delete: (keys) => Promise.all(keys.map((key) => memory.delete(key))),
    },
    on: (listener) => {
      tell = listener;
      return () => {};
    },
  };
  return { store, reads };
}

describe("FIELD 27, C45: a gap while getOrSetMany reads", () => {
  it.each([
    ["plain", {}, undefined],
    ["of a caller who may leave", {}, new AbortController().signal],
    ["that may refresh ahead", { refreshAhead: 0.5 }, undefined],
  ])("has all keys read again as one call, %s", async (_form, policy, signal) => {
    const { store, reads } = storeWithGap();
    const cache = createCache<number>({ store, ttl: "1m", ...policy });
    const options = signal === undefined ? {} : { signal };
    const values = await cache.getOrSetMany(IDS, (ids) => ids.map(Number), options);
    expect([...values.values()]).toEqual(IDS);
    expect(reads).toEqual({ one: 0, many: 2 });
    expect((await cache.getMany(IDS)).size).toBe(IDS.length);
    await cache.close();
  });
});
