import { type Admit, type Awaitable, type CacheEntry, type CacheStore, isPromiseLike, manyOf } from "@granary/core";

/** How the far tier is read. */
export interface FarRead {
  readonly now: number;
  readonly admit: Admit | undefined;
}

type Found = CacheEntry | undefined;

/** The entries of `keys` from the far tier, judged by `admit` also where the store does not do so itself. */
export async function readFar(far: CacheStore, keys: readonly string[], read: FarRead): Promise<readonly Found[]> {
  const found = await manyOf(far).get(keys, read.now, far.admits === true ? read.admit : undefined);
  return Promise.all(keys.map((key, at) => received(far, { key, entry: found[at], read })));
}

/** The entry of one key. */
export function readOneFar(far: CacheStore, key: string, read: FarRead): Awaitable<Found> {
  const found = far.get(key, read.now, far.admits === true ? read.admit : undefined);
  return isPromiseLike(found)
    ? found.then((entry) => received(far, { key, entry, read }))
    : received(far, { key, entry: found, read });
}

/** The entry as the far tier's, which says so. */
function received(
  far: CacheStore,
  { key, entry, read }: { key: string; entry: Found; read: FarRead },
): Awaitable<Found> {
  if (entry === undefined || entry.keepUntil <= read.now) return undefined;
  const named = entry.tier === undefined ? { ...entry, tier: far.tier ?? far.name } : entry;
  return far.admits === true || read.admit === undefined ? named : read.admit(key, named);
}
