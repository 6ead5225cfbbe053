import type { CacheContext } from "./context.js";
import type { CacheEntry } from "./entry.js";
import { described } from "./read.js";

/** How many entries are read at once, and so are in memory for whoever walks. */
const ENTRIES_AT_ONCE = 500;

/** The keys of the namespace, without its children's, each once. */
export async function* walkKeys(context: CacheContext): AsyncGenerator<string> {
  for await (const keys of walkUnseen(context)) yield* keys;
}

/** The keys with their entries, stale ones too, read in one round trip for each batch of them. Counts as no read. */
export async function* walkEntries(context: CacheContext): AsyncGenerator<readonly [key: string, entry: CacheEntry]> {
  for await (const keys of walkUnseen(context)) {
    for (let at = 0; at < keys.length; at += ENTRIES_AT_ONCE) {
      yield* await readEntries(context, keys.slice(at, at + ENTRIES_AT_ONCE));
    }
  }
}

async function readEntries(
  context: CacheContext,
  keys: readonly string[],
): Promise<ReadonlyArray<readonly [key: string, entry: CacheEntry]>> {
  const found = await context.store.getMany(keys, context.clock.now());
  return keys.flatMap((key, at) => {
    const entry = found[at];
    return entry === undefined ? [] : [[key, described(context, entry)] as const];
  });
}

/** In the batches of the store. */
async function* walkUnseen(context: CacheContext): AsyncGenerator<readonly string[]> {
  const seen = new Set<string>();
  for await (const keys of context.store.walk(context.keys.glob("*"))) {
    const unseen = [...new Set(keys)].filter((key) => key.startsWith(context.keys.base) && !seen.has(key));
    for (const key of unseen) seen.add(key);
    yield unseen;
  }
}
