import { globMatcher } from "@granary/core";
import { isKeyv5, type KeyvLike, memberOf, methodOf } from "./keyv-like.js";

const BATCH = 500;

/**
 * The key to hand to Keyv for `key`. Keyv 5 leaves out its prefix where a key seems to have it already, in single
 * calls but not in batches, so that two keys would become one. Such a key gets a `~` in front.
 */
export function toKeyvKey(keyv: KeyvLike, key: string): string {
  const prefix = prefixOf(keyv);
  return prefix !== "" && seemsPrefixed(key, prefix) ? `~${key}` : key;
}

function fromKeyvKey(key: string, prefix: string): string {
  return prefix !== "" && key.startsWith("~") && seemsPrefixed(key.slice(1), prefix) ? key.slice(1) : key;
}

/** With or without marks in front, since a key may begin with `~` by itself and must stay apart from a marked one. */
function seemsPrefixed(key: string, prefix: string): boolean {
  let rest = key;
  while (!rest.startsWith(prefix)) {
    if (!rest.startsWith("~")) return false;
    rest = rest.slice(1);
  }
  return true;
}

/** What Keyv itself writes in front of each key; nothing where that is left to the adapter. */
function prefixOf({ useKeyPrefix, namespace }: KeyvLike): string {
  return useKeyPrefix === true && namespace !== undefined && namespace !== "" ? `${namespace}:` : "";
}

/** Whether the adapter can name its keys. */
export function canWalk(keyv: KeyvLike): boolean {
  const adapter = keyv.store;
  if (methodOf(adapter, "iterator") === undefined) return isKeyv5(keyv) && isMapLike(adapter);
  // Keyv 6 wraps old adapters and maps in one whose iterator is always there, and ends at once if theirs is missing.
  const wrapped = isKeyv5(keyv) ? undefined : memberOf(adapter, "store");
  return wrapped === undefined || methodOf(wrapped, "iterator") !== undefined || isMapLike(wrapped);
}

/**
 * The keys that match `glob`, without Keyv's namespace, in batches. They are all gathered before the first batch goes
 * out: adapters that page by offset would skip a key for each one that the caller deletes on the way.
 * The adapter's iterator is asked, not Keyv's, which stops at the first damaged value and mixes up namespaces.
 */
export async function* walkKeys(keyv: KeyvLike, glob: string): AsyncGenerator<readonly string[], void> {
  const matches = globMatcher(glob);
  const prefix = prefixOf(keyv);
  const keys: string[] = [];
  for await (const item of itemsOf(keyv)) {
    const full: unknown = Array.isArray(item) ? item[0] : item;
    if (typeof full !== "string" || !full.startsWith(prefix)) continue;
    const key = fromKeyvKey(full.slice(prefix.length), prefix);
    if (matches(key)) keys.push(key);
  }
  for (let at = 0; at < keys.length; at += BATCH) yield keys.slice(at, at + BATCH);
}

function itemsOf({ store }: KeyvLike): AsyncIterable<unknown> | Iterable<unknown> {
  const items = methodOf(store, "iterator")?.(memberOf(store, "namespace")) ?? methodOf(store, "entries")?.();
  return items as AsyncIterable<unknown> | Iterable<unknown>;
}

function isMapLike(store: unknown): boolean {
  return methodOf(store, "entries") !== undefined;
}
