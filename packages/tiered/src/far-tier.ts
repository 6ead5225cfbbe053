import type { Admit, CacheEntry, CacheStore, ManyCapability } from "@granary/core";

/** The entries of `keys` from the far tier, judged by `admit` also where the store does not do so itself. */
export async function readFar(far: CacheStore, keys: readonly string[], { now, admit }: FarRead): Promise<Entries> {
  if (far.admits === true)
    return far.many?.get(keys, now, admit) ?? Promise.all(keys.map((key) => far.get(key, now, admit)));
  const found = await (far.many?.get(keys, now) ?? Promise.all(keys.map((key) => far.get(key, now))));
  return Promise.all(found.map((entry, at) => judged(entry, { key: keys[at] ?? "", now, admit })));
}

/** The entry of one key. */
export async function readOneFar(
  far: CacheStore,
  key: string,
  { now, admit }: FarRead,
): Promise<CacheEntry | undefined> {
  if (far.admits === true) return far.get(key, now, admit);
  return judged(await far.get(key, now), { key, now, admit });
}

export interface FarRead {
  readonly now: number;
  readonly admit: Admit | undefined;
}

type Entries = Awaited<ReturnType<ManyCapability["get"]>>;

async function judged(
  entry: CacheEntry | undefined,
  { key, now, admit }: FarRead & { readonly key: string },
): Promise<CacheEntry | undefined> {
  if (entry === undefined || entry.keepUntil <= now) return undefined;
  return admit === undefined ? entry : admit(key, entry);
}
