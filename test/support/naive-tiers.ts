import { type Awaitable, type CacheEntry, type CacheStore, type Generation, withGenerations } from "@granary/core";
import type { TieredOptions } from "@granary/tiered";

type Found = Awaitable<CacheEntry | undefined>;

/**
 * Two stores as one, as one writes it at first: no read is held against what changed meanwhile, and the bus is not
 * listened to; what is invalidated is looked for and deleted. Every race has to find this out.
 */
export function naiveTiers({ l1, l2: given }: TieredOptions): CacheStore {
  const l2 = withGenerations(given);
  const find = async (key: string, now: number, read: () => Found): Promise<CacheEntry | undefined> => {
    const near = await l1.get(key, now);
    if (near !== undefined && near.freshUntil > now) return near;
    const far = await read();
    if (far !== undefined) await l1.set(key, far);
    return far;
  };
  const get: CacheStore["get"] = (key, now = l1.clock?.now() ?? 0) => find(key, now, async () => l2.get(key, now));
  const set: CacheStore["set"] = async (key, entry) => {
    await l1.set(key, entry);
    await l2.set(key, entry);
  };
  const remove: CacheStore["delete"] = async (key) => {
    await l1.delete(key);
    return l2.delete(key);
  };
  return {
    name: "naive",
    ...(l2.clock !== undefined && { clock: l2.clock }),
    get,
    set,
    delete: remove,
    many: {
      get: async (keys, now = l1.clock?.now() ?? 0) => {
        const far = l2.many?.get(keys, now) ?? [];
        return Promise.all(keys.map((key, at) => find(key, now, async () => (await far)[at])));
      },
      set: async (entries) => {
        for (const [key, entry] of entries) await l1.set(key, entry);
        await l2.many?.set(entries);
      },
      delete: async (keys) => {
        for (const key of keys) await l1.delete(key);
        return (await l2.many?.delete(keys)) ?? [];
      },
    },
    invalidate: async (invalidation) => {
      for await (const keys of l1.walk?.("*") ?? []) for (const key of keys) await l1.delete(key);
      return (await l2.invalidate?.(invalidation)) as Generation;
    },
    ...(l2.walk !== undefined && { walk: l2.walk }),
  };
}
