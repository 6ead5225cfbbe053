import { type CacheContext, type Call, isFresh } from "./context.js";
import type { CacheEntry, EntryHandle } from "./entry.js";
import { isPromiseLike } from "./entry.js";

/** The hit path: the value at a place in the store that is known already, if it may be given as fresh. */
export function hitAt<T>(context: CacheContext, handle: EntryHandle): Promise<T> | undefined {
  if (context.store.handles?.permits(handle, context.clock.now()) !== true) return undefined;
  // Before the hit is told: whoever hears of it may delete the entry, which empties its place.
  const hit = Promise.resolve(handle.value as T);
  countHit(context, handle.key, FRESH);
  return hit;
}

/** The fresh value under `key`, or `undefined`. Answers a hit in a store that answers at once without waiting. */
export function get<T>(context: CacheContext, call: Call): Promise<T | undefined> {
  const { key } = call;
  const now = context.clock.now();
  const found = context.store.get(key, now);
  // A promise has no deadline, so the comparison also tells a store that answers at once from others.
  if (found !== undefined && (found as CacheEntry).freshUntil > now) {
    countHit(context, key, found as CacheEntry);
    rememberPlace(context, call);
    return Promise.resolve((found as CacheEntry<T>).value);
  }
  if (isPromiseLike(found)) {
    return Promise.resolve(found).then((entry) => {
      const value = judge<T>(context, key, { entry, readAt: context.clock.now() });
      if (value !== undefined) rememberPlace(context, call);
      return value;
    });
  }
  countMiss(context, key);
  return Promise.resolve(undefined);
}

/** So that the next hit goes by the place of the entry, where its id alone leads to it. */
export function rememberPlace({ keys, store }: CacheContext, { id, key, isPlain }: Call): void {
  if (isPlain) keys.place(id, store.handles?.of(key));
}

/** Whether a fresh entry is there. Counts as no read. */
export async function has(context: CacheContext, key: string): Promise<boolean> {
  const found = await entry(context, key);
  return found !== undefined && isFresh(found, context.clock.now());
}

/** Milliseconds left to live fresh; `undefined` where nothing fresh is there. Counts as no read. */
export async function ttl(context: CacheContext, key: string): Promise<number | undefined> {
  const found = await entry(context, key);
  const leftMs = found === undefined ? 0 : found.freshUntil - context.clock.now();
  return leftMs > 0 ? leftMs : undefined;
}

/** The entry under `key`, stale or fresh, without what tiers keep with theirs. Counts as no read. */
export async function entry(context: CacheContext, key: string): Promise<CacheEntry | undefined> {
  const found = await context.store.get(key, context.clock.now());
  return found && described(context, found);
}

/** An entry without what tiers keep with theirs, and with the tier that it was read from. */
export function described(context: CacheContext, found: CacheEntry): CacheEntry {
  const { value, createdAt, freshUntil, keepUntil, ...rest } = found;
  const { tags, etag, lastModified, tier = context.counters.nearTier } = rest;
  const described = { value: context.store.values.give(value), createdAt, freshUntil, keepUntil, tier };
  const more = Object.entries({ tags, etag, lastModified }).filter(([, given]) => given !== undefined);
  return { ...described, ...Object.fromEntries(more) };
}

/** All that counts of a hit at its place. */
const FRESH: HitEntry = { freshUntil: Number.POSITIVE_INFINITY };

type HitEntry = Pick<CacheEntry, "freshUntil" | "tier">;

export function countHit(context: CacheContext, key: string, found: HitEntry): void {
  const { counters, emitter } = context;
  if (found.tier === undefined) counters.nearHits += 1;
  else counters.farHit(found.tier);
  if (emitter.heard.hit === 0) return;
  const stale = !isFresh(found, context.clock.now());
  emitter.emit("hit", { key, tier: found.tier ?? counters.nearTier, stale });
}

export function countMiss({ counters, emitter }: CacheContext, key: string): void {
  counters.misses += 1;
  if (emitter.heard.miss > 0) emitter.emit("miss", { key });
}

/** What a read has found, and when. */
interface Found {
  readonly entry: CacheEntry | undefined;
  readonly readAt: number;
}

/** The value of what was found, if it is fresh; counted as a hit or as a miss. */
export function judge<T>(context: CacheContext, key: string, { entry, readAt }: Found): T | undefined {
  if (entry === undefined || !isFresh(entry, readAt)) {
    countMiss(context, key);
    return undefined;
  }
  countHit(context, key, entry);
  context.flights.supersede(key, entry);
  return context.store.values.give(entry.value) as T;
}
