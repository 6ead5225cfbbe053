import { type Awaitable, andThen } from "./entry.js";
import { expiredEntry } from "./lifetime.js";
import type { CacheStore, ExpireTerms } from "./store.js";

/**
 * Makes the entry under `key` stale; resolves to whether it was fresh. A store that has no step of its own for it is looked
 * at and written to: what another process changes between the two is lost. Nothing comes between them in a store that
 * answers at once. An invalidation is not lost, since the entry keeps its generations.
 */
export function expireIn(store: CacheStore, key: string, terms: ExpireTerms): Awaitable<boolean> {
  if (store.expire !== undefined) return store.expire(key, terms);
  return andThen(store.get(key, terms.now), (found) => {
    const stale = found && expiredEntry(found, terms);
    // Also where nothing is there: a load that began before this must not be taken for fresh.
    const changed: Awaitable<unknown> = stale
      ? store.set(key, stale, { generations: stale.generations })
      : store.delete(key);
    return andThen(changed, () => found !== undefined && found.freshUntil > terms.now);
  });
}
