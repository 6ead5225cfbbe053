import type { CacheContext, Call } from "./context.js";
import { type CacheEntry, isPromiseLike } from "./entry.js";
import { checkedValue, entryOf, takerFor } from "./load.js";

/** A call and the value that it writes. */
export type Writing = readonly [call: Call, value: unknown];

/** Writes values in one round trip; resolves to whether every tier took all of them. All are validated before any is written. */
export async function setMany(context: CacheContext, writings: readonly Writing[]): Promise<boolean> {
  const keys = writings.map(([{ key }]) => key);
  const take = takerFor(context, keys);
  const checking = writings.map(([call, value]) => checkedValue(context, call, take(value)));
  // What need not be waited for is written in this turn, as it is.
  let checked = checking.some(isPromiseLike) ? await Promise.all(checking) : checking;
  const waiting = context.store.ready();
  if (waiting !== undefined) {
    checked = checked.map((value) => context.store.values.takeForLater(value));
    await waiting;
  }
  const taken = await context.flights.change(keys, async () => {
    const made = writings.map(([call], at) => entryOf(context, call, checked[at]));
    const [stored, refused] = divide(keys, made);
    // Begun in one turn, so that a store which gathers the writes of a turn makes one round trip of both.
    const [isTaken] = await Promise.all([
      stored.length === 0 || context.store.setMany(stored),
      refused.length === 0 || context.store.deleteMany(refused),
    ]);
    return isTaken && refused.length === 0;
  });
  context.counters.sets += keys.length;
  if (context.emitter.heard.set > 0) for (const key of keys) context.emitter.emit("set", { key });
  return taken;
}

/** Deletes keys in one round trip; resolves to how many were there. */
export async function deleteMany(context: CacheContext, keys: readonly string[]): Promise<number> {
  const { flights, store, counters, emitter } = context;
  const existed = await flights.change(keys, () => store.deleteMany(keys));
  counters.deletes += keys.length;
  if (emitter.heard.delete > 0) {
    for (const [at, key] of keys.entries()) emitter.emit("delete", { key, existed: existed[at] === true });
  }
  return existed.filter((was) => was).length;
}

/** What is to be stored, the last of those for one key, and the keys of what the policy says not to store. */
function divide(
  keys: readonly string[],
  made: ReadonlyArray<CacheEntry | undefined>,
): [Array<[string, CacheEntry]>, string[]] {
  const last = new Map(keys.map((key, at) => [key, made[at]]));
  const stored = [...last].flatMap(
    ([key, entry]): Array<[string, CacheEntry]> => (entry === undefined ? [] : [[key, entry]]),
  );
  return [stored, [...last.keys()].filter((key) => last.get(key) === undefined)];
}
