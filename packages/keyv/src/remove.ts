import { provesNothing } from "./failure-watch.js";
import { toKeyvKey } from "./key-space.js";
import { isKeyv5, type KeyvLike, memberOf, methodOf } from "./keyv-like.js";
import type { StoreParts } from "./store-parts.js";

/** Whether something was under `key`. */
export function removeOne({ keyv, watch }: StoreParts, key: string): Promise<boolean> {
  return watch.run(
    () => keyv.delete(toKeyvKey(keyv, key)),
    (removed) => removed,
  );
}

/**
 * How many of `keys` were there. An adapter that answers for each key is asked once; one that gives a single answer
 * for all is asked first which of them exist; one that can do neither is asked key by key.
 */
export async function removeMany(parts: StoreParts, keys: readonly string[]): Promise<number> {
  const { keyv, watch } = parts;
  const names = [...new Set(keys)].map((key) => toKeyvKey(keyv, key));
  if (names.length === 0) return 0;
  if (!answersOnce(keyv)) return countTrue(await watch.run(() => keyv.deleteMany(names), isList));
  if (!canAskForMany(keyv)) return countTrue(await Promise.all(keys.map((key) => removeOne(parts, key))));
  const present = await watch.run(() => keyv.hasMany(names), provesNothing);
  await watch.run(() => keyv.deleteMany(names), provesNothing);
  return countTrue(present);
}

/** Keyv 5 gives one answer, and so does Keyv 6 for an adapter of Keyv 5 that it wraps, once for each key. */
function answersOnce(keyv: KeyvLike): boolean {
  return isKeyv5(keyv) || methodOf(memberOf(keyv.store, "store"), "deleteMany") !== undefined;
}

function canAskForMany({ store }: KeyvLike): boolean {
  return methodOf(store, "hasMany") !== undefined && methodOf(store, "deleteMany") !== undefined;
}

function isList(outcome: unknown): boolean {
  return Array.isArray(outcome) && outcome.every((removed) => removed === true);
}

function countTrue(outcome: unknown): number {
  return Array.isArray(outcome) ? outcome.filter((removed) => removed === true).length : 0;
}
