import type { CacheStore } from "@granary/core";

/** Whether the calls of `store` that ended last were answered, as far as it says. */
export function isWell(store: CacheStore): boolean {
  const healths = Object.values(store.health?.() ?? {});
  return healths.every(({ state, failures }) => state === "closed" && failures === 0);
}
