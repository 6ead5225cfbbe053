import { expiredEntry } from "./lifetime.js";
import type { CacheStore, ExpireTerms } from "./store.js";

/**
 * Makes the entry under `key` stale; resolves to whether it was fresh. A store that has no step of its own for it is looked
 * at and written to: what another process changes between the two is lost.
 */
export async function expireIn(store: CacheStore, key: string, terms: ExpireTerms): Promise<boolean> {
  if (store.expire !== undefined) return store.expire(key, terms);
  const found = await store.get(key, terms.now);
  const stale = found && expiredEntry(found, terms);
  // Also where nothing is there: a load that began before this must not be taken for fresh.
  if (stale === undefined) await store.delete(key);
  // It carries what it carried: what was invalidated since the look is not made valid again.
  else await store.set(key, stale, { generations: found?.generations });
  return found !== undefined && found.freshUntil > terms.now;
}
