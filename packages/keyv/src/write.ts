import { type CacheEntry, CacheError, encodeEntry } from "@granary/core";
import { provesNothing } from "./failure-watch.js";
import { toKeyvKey } from "./key-space.js";
import type { KeyvItem } from "./keyv-like.js";
import { removeMany, removeOne } from "./remove.js";
import type { StoreParts } from "./store-parts.js";
import { toStoredText } from "./stored-text.js";

/* Keyv answers a write with `true` also where the adapter only emitted its failure: such an answer proves nothing. */

type KeyAndEntry = readonly [key: string, entry: CacheEntry];

/** Replaces what is under `key`; an entry that is gone already leaves nothing there. */
export async function writeOne(parts: StoreParts, key: string, entry: CacheEntry): Promise<void> {
  const { value, ttl } = itemOf(parts, [key, entry]);
  if (isGone(parts, entry)) await removeOne(parts, key);
  else expectTaken(await parts.watch.run(() => parts.keyv.set(toKeyvKey(parts.keyv, key), value, ttl), provesNothing));
}

/** Replaces what is under each key. Nothing is written unless every entry can be. */
export async function writeMany(parts: StoreParts, entries: readonly KeyAndEntry[]): Promise<void> {
  // The last entry of a key wins, also where one of the two is gone and the other is not.
  const last = [...new Map(entries)];
  const items = last.map((each) => itemOf(parts, each));
  const gone = last.filter(([, entry]) => isGone(parts, entry)).map(([key]) => key);
  const kept = items.filter((_item, at) => !isGone(parts, (last[at] as KeyAndEntry)[1]));
  if (kept.length > 0) expectTaken(await parts.watch.run(() => parts.keyv.setMany(kept), provesNothing));
  if (gone.length > 0) await removeMany(parts, gone);
}

function itemOf({ keyv, serializer, clock }: StoreParts, [key, entry]: KeyAndEntry): KeyvItem {
  const value = toStoredText(encodeEntry(entry, serializer, key));
  const item = { key: toKeyvKey(keyv, key), value };
  // Rounded up, since backends take whole milliseconds and 0 would mean for ever.
  return entry.keepUntil === Number.POSITIVE_INFINITY
    ? item
    : { ...item, ttl: Math.ceil(entry.keepUntil - clock.now()) };
}

function isGone({ clock }: StoreParts, { keepUntil }: CacheEntry): boolean {
  return keepUntil <= clock.now();
}

function expectTaken(outcome: unknown): void {
  const refused = outcome === false || (Array.isArray(outcome) && outcome.includes(false));
  if (refused) throw new CacheError("STORE_FAILED", "Keyv answered a write with false, and did not say why.");
}
