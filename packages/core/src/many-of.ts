import type { Awaitable } from "./entry.js";
import type { CacheStore, ManyCapability } from "./store.js";

/** So many keys of one call are asked for at once, where a store takes one at a time: a quarter of what a guard lets wait. */
export const KEYS_A_WAVE = 5_000;

/** The three verbs of `store` for many keys: its own, or, where it has none, made of those for one. */
export function manyOf(store: CacheStore): ManyCapability {
  return (
    store.many ?? {
      get: (keys, now, admit) => inWaves(keys, (key) => store.get(key, now, admit)),
      set: async (entries, options) => {
        await inWaves(entries, ([key, entry]) => store.set(key, entry, options));
      },
      delete: (keys) => inWaves(keys, (key) => store.delete(key)),
    }
  );
}

/**
 * What `step` gives for each of `items`. A few thousand are under way at a time, so that one large call does not take the
 * place of all others. All are tried, also where one fails: until the last has ended, none can be said to be over.
 */
export async function inWaves<Item, T>(
  items: readonly Item[],
  step: (item: Item, at: number) => Awaitable<T>,
): Promise<T[]> {
  const ended: PromiseSettledResult<T>[] = [];
  for (let from = 0; from < items.length; from += KEYS_A_WAVE) {
    const wave = items.slice(from, from + KEYS_A_WAVE);
    // Each async, so that one that throws at once does not leave the failures of those before it to nobody.
    ended.push(...(await Promise.allSettled(wave.map(async (item, at) => step(item, from + at)))));
  }
  return ended.map((each) => {
    if (each.status === "rejected") throw each.reason;
    return each.value;
  });
}
