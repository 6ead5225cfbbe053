import type { CacheStore, StoreHealth } from "@granary/core";

/** Whether the calls of `store` that ended last were answered, as far as it says. */
export function isWell(store: CacheStore): boolean {
  const healths = Object.values(store.health?.() ?? {});
  return healths.every(({ state, failures }) => state === "closed" && failures === 0);
}

/** How `far` is doing, which is owed so many changes more than it says itself. */
export function healthOf(far: CacheStore, owed: number): Readonly<Record<string, StoreHealth>> {
  const health = far.health?.() ?? {};
  const own = health[far.name];
  return own === undefined ? health : { ...health, [far.name]: { ...own, owed: own.owed + owed } };
}
