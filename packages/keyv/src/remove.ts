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
 * Whether each of `keys` was there. An adapter that answers for each key is asked once; one that gives a single answer
 * for all is asked first which of them exist; one that can do neither is asked key by key.
 */
export async function removeMany(parts: StoreParts, keys: readonly string[]): Promise<readonly boolean[]> {
  const unique = [...new Set(keys)];
  const answers = unique.length === 0 ? [] : await removeEach(parts, unique);
  const existed = new Set(unique.filter((_, at) => answers[at] === true));
  return keys.map((key) => existed.delete(key));
}

async function removeEach(parts: StoreParts, keys: readonly string[]): Promise<readonly unknown[]> {
  const { keyv, watch } = parts;
  const names = keys.map((key) => toKeyvKey(keyv, key));
  if (!answersOnce(keyv)) return listOf(await watch.run(() => keyv.deleteMany(names), isList));
  if (!canAskForMany(keyv)) return Promise.all(keys.map((key) => removeOne(parts, key)));
  const present = await watch.run(() => keyv.hasMany(names), provesNothing);
  await watch.run(() => keyv.deleteMany(names), provesNothing);
  return listOf(present);
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

function listOf(outcome: unknown): readonly unknown[] {
  return Array.isArray(outcome) ? outcome : [];
}
