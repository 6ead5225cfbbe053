import type { CacheEntry } from "@granary/core";
import { isGarbled, type Judge } from "./entry-reader.js";
import { toKeyvKey } from "./key-space.js";
import { isKeyv5, type KeyvLike, methodOf } from "./keyv-like.js";
import type { StoreParts } from "./store-parts.js";

type Entries = ReadonlyArray<CacheEntry | undefined>;

/** The entry under `key`. Keyv 5 swallows an adapter's failure in `get`, yet not in `getRaw`. */
export async function readOne(parts: StoreParts, key: string, judge: Judge): Promise<CacheEntry | undefined> {
  try {
    const row = await parts.watch.run(() => parts.keyv.getRaw(toKeyvKey(parts.keyv, key)), isThere);
    return await parts.reader.read(key, row, judge);
  } catch (error) {
    return parts.reader.refuse(key, error);
  }
}

/** The entries in the order of `keys`: in one call, and one by one where the adapter has none or a row is damaged. */
export async function readMany(parts: StoreParts, keys: readonly string[], judge: Judge): Promise<Entries> {
  if (keys.length === 0) return [];
  const rows = readsMany(parts.keyv) ? await readRows(parts, keys) : undefined;
  return Promise.all(
    keys.map((key, at) => (rows === undefined ? readOne(parts, key, judge) : parts.reader.read(key, rows[at], judge))),
  );
}

/** Keyv 5 makes up for a missing `getMany` in a way that loses failures without a word. */
function readsMany(keyv: KeyvLike): boolean {
  return !isKeyv5(keyv) || methodOf(keyv.store, "getMany") !== undefined;
}

/** `undefined` where a row is damaged: Keyv 5 then refuses them all, and Keyv 6 does not say which it is. */
async function readRows({ keyv, watch }: StoreParts, keys: readonly string[]): Promise<readonly unknown[] | undefined> {
  const names = keys.map((key) => toKeyvKey(keyv, key));
  try {
    return await watch.run(
      () => keyv.getMany(names, { raw: true }),
      (rows, error) => rows.some(isThere) && !isGarbled(error),
    );
  } catch (error) {
    if (isGarbled(error)) return undefined;
    throw error;
  }
}

function isThere(row: unknown): boolean {
  return row !== undefined && row !== null;
}
