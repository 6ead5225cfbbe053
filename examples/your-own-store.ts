import { type CacheEntry, type CacheStore, createCache, systemClock } from "@granary/core";

/** A whole store. It grows without bound; that and the rest of what a store may do is left to its author. */
export function mapStore(clock = systemClock): CacheStore {
  const entries = new Map<string, CacheEntry>();
  return {
    name: "map",
    clock,
    get: (key, now = clock.now()) => {
      const entry = entries.get(key);
      return entry !== undefined && entry.keepUntil > now ? entry : undefined;
    },
    set: (key, entry) => void entries.set(key, entry),
    delete: (key) => entries.delete(key),
  };
}

export async function main(): Promise<string> {
  const greetings = createCache<string>({ store: mapStore(), namespace: "greetings" });
  return greetings.getOrSet("en", () => "Good morning");
}
