import type { CacheContext } from "./context.js";
import type { CacheEntry } from "./entry.js";
import type { CacheKey } from "./key.js";
import { described } from "./read.js";

/** How many entries are read at once, and so are in memory for whoever walks. */
const ENTRIES_AT_ONCE = 500;

/** A key, what it says, and the entry under it. */
export interface KeyedEntry<T> extends CacheKey {
  readonly entry: CacheEntry<T>;
}

/** The keys of the namespace, without its children's, each once. */
export async function* walkKeys(context: CacheContext): AsyncGenerator<CacheKey> {
  for await (const keys of walkUnseen(context)) yield* keys;
}

/** The keys with their entries, stale ones too, read in one round trip for each batch of them. Counts as no read. */
export async function* walkEntries(context: CacheContext): AsyncGenerator<KeyedEntry<unknown>> {
  for await (const keys of walkUnseen(context)) {
    for (let at = 0; at < keys.length; at += ENTRIES_AT_ONCE) {
      yield* await readEntries(context, keys.slice(at, at + ENTRIES_AT_ONCE));
    }
  }
}

async function readEntries(
  context: CacheContext,
  keys: readonly CacheKey[],
): Promise<ReadonlyArray<KeyedEntry<unknown>>> {
  const found = await context.store.getMany(
    keys.map(({ key }) => key),
    context.clock.now(),
  );
  return keys.flatMap((key, at) => {
    const entry = found[at];
    return entry === undefined ? [] : [{ ...key, entry: described(context, entry) }];
  });
}

/** In the batches of the store. What somebody else keeps under such a key is no entry of this cache, and left out. */
async function* walkUnseen(context: CacheContext): AsyncGenerator<readonly CacheKey[]> {
  const seen = new Set<string>();
  for await (const keys of context.store.walk(context.keys.glob("*"))) {
    const unseen = [...new Set(keys)].filter((key) => !seen.has(key));
    for (const key of unseen) seen.add(key);
    yield unseen.flatMap((key) => context.keys.parse(key) ?? []);
  }
}
