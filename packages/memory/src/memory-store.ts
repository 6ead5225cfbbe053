import {
  type Admit,
  type CacheEntry,
  type CacheStore,
  type Clock,
  type Generation,
  globMatcher,
  type HandlesCapability,
  type Invalidation,
  Invalidations,
  readGenerations,
  StoreLifecycle,
  type WriteOptions,
} from "@granary/core";
import type { Held } from "./held.js";
import { type Keeping, keepingFor, type ValueMode, valuesOf } from "./keeping.js";
import { type MemoryStoreOptions, resolveOptions } from "./options.js";
import { Shelf } from "./shelf.js";

/** A store that answers at once, and says how full it is. */
export interface MemoryStore extends CacheStore {
  get(key: string, now?: number): CacheEntry | undefined;
  set(key: string, entry: CacheEntry, options?: WriteOptions): void;
  delete(key: string): boolean;
  readonly clock: Clock;
  readonly admits: true;
  readonly remote: false;
  readonly many: {
    get(keys: readonly string[], now?: number): Array<CacheEntry | undefined>;
    set(entries: ReadonlyArray<readonly [key: string, entry: CacheEntry]>, options?: WriteOptions): void;
    delete(keys: readonly string[]): boolean[];
  };
  /** Entries that were invalidated are no longer returned, and leave when their room is needed. */
  readonly invalidate: (invalidation: Invalidation) => Generation;
  readonly generations: (key: string) => string;
  readonly walk: (glob: string) => AsyncIterable<readonly string[]>;
  /** Drops every entry. From then on every call says `CLOSED`; a cache that is closed leaves the store as it is. */
  readonly close: () => void;
  /** Entries held now, those that are gone and not yet pushed out included. */
  readonly entryCount: number;
  /** What these entries measure by `sizeOf`, in bytes; 0 without `maxBytes`. */
  readonly byteCount: number;
}

const WALK_BATCH = 1_000;

/**
 * A store in this process, bounded by a number of entries, of bytes, or both; the least recently used entry
 * makes room. No timer runs: an entry that is gone is no longer returned, and leaves when its room is needed.
 * @throws CacheError `INVALID_OPTION` at options that make no sense. Its `set` throws `INVALID_VALUE` at a value
 * that `values: "frozen"` or `"cloned"` cannot copy, and whatever `sizeOf` throws; the old entry is dropped then. With
 * `"serialized"` it stays, as in a remote store.
 */
export function memoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  const { bounds, clock, name, values, serializer } = resolveOptions(options);
  const entries = new Shelf(bounds, clock.now());
  const life = new StoreLifecycle(name);
  const invalidations = new Invalidations({ forgetting: () => sweep(parts) });
  const unreadable = (key: string, error: unknown) => life.tell({ type: "error", operation: "get", key, error });
  const keeping = keepingFor({ values, serializer, unreadable });
  const apart = valuesOf(keeping, values);
  const parts: Parts = { ...keeping, values, entries, clock, invalidations, life };
  return {
    name,
    clock,
    admits: true,
    remote: false,
    ...verbsOf(parts),
    ...(apart !== undefined && { values: apart }),
    // Where each reader is given a copy, an entry is not to be had at its place.
    ...((values === "shared" || values === "frozen") && { handles: handlesOf(parts) }),
    invalidate: (invalidation) => invalidate(parts, invalidation),
    generations: () => invalidations.carried,
    walk: (glob) => walkKeys(parts, glob),
    on: (listener) => life.on(listener),
    close: () => {
      void life.close();
      entries.clear();
    },
    get entryCount() {
      return entries.size;
    },
    get byteCount() {
      return entries.calculatedSize;
    },
  };
}

function verbsOf(parts: Parts): Pick<MemoryStore, "get" | "set" | "delete" | "many"> {
  const [get, set] = [reader(parts), writer(parts)];
  const drop = (key: string): boolean => remove(parts, key);
  const many = {
    get(keys: readonly string[], now?: number, admit?: Admit) {
      const found = keys.map((key) => get(key, now, admit));
      // As of one key: only who hands in `admit` is given a promise.
      return parts.values === "serialized" && admit ? (Promise.all(found) as never) : found;
    },
    set(pairs: ReadonlyArray<readonly [key: string, entry: CacheEntry]>, options?: WriteOptions) {
      // A remote store encodes all before it sends the first: a value that cannot be written leaves nothing half done.
      if (parts.values === "serialized") for (const [key, entry] of pairs) parts.take(entry, key);
      for (const [key, entry] of pairs) set(key, entry, options);
    },
    delete: (keys: readonly string[]) => keys.map(drop),
  };
  return { get, set, delete: drop, many };
}

function handlesOf({ entries, isGiven, invalidations }: Parts): HandlesCapability {
  return {
    of: (key) => {
      const held = entries.peek(key);
      return held && isGiven(held.value) ? held : undefined;
    },
    permits: (handle, now) => {
      const held = handle as Held;
      if (!(held.freshUntil + entries.origin > now)) return false;
      // Both only go up: their sum stays the same as long as both do.
      const version = invalidations.sequence + entries.era;
      if (held.permittedIn !== version) {
        if (!invalidations.permits(held.key, held)) return false;
        held.permittedIn = version;
        entries.get(held.key);
      }
      entries.use(held);
      return true;
    },
  };
}

/** What the store is made of. */
interface Parts extends Keeping {
  readonly values: ValueMode;
  readonly entries: Shelf;
  readonly clock: Clock;
  readonly invalidations: Invalidations;
  readonly life: StoreLifecycle;
}

function invalidate({ life, invalidations }: Parts, invalidation: Invalidation): Generation {
  life.assertOpen();
  invalidations.add(invalidation);
  const { epoch, sequence } = invalidations;
  return { epoch, sequence };
}

/** Drops what was invalidated. */
function sweep({ entries, invalidations }: Parts): void {
  for (const [key, held] of [...entries.entries()]) if (!invalidations.permits(key, held)) entries.delete(key);
}

function reader(parts: Parts): (key: string, now?: number, admit?: Admit) => CacheEntry | undefined {
  return (key, now, admit) => {
    const held = parts.entries.get(key);
    // What is held was not closed: a hit need not ask.
    if (held === undefined) parts.life.assertOpen();
    const entry = held && entryOf(parts, held, now);
    return entry === undefined || parts.isGiven(entry.value) ? entry : parts.give(entry, key, admit);
  };
}

/** The entry that is held, unless it is gone. */
function entryOf({ entries, clock, invalidations }: Parts, held: Held, now?: number): CacheEntry | undefined {
  if (!invalidations.permits(held.key, held)) return undefined;
  const entry = held.entry(entries.origin);
  // The clock costs more than the rest of this function: an entry that never ends does not ask it.
  if (entry.keepUntil === Number.POSITIVE_INFINITY) return entry;
  return entry.keepUntil > (now ?? clock.now()) ? entry : undefined;
}

function writer({ entries, invalidations, take, values, life }: Parts): MemoryStore["set"] {
  return (key, entry, options) => {
    life.assertOpen();
    try {
      entries.hold(key, take(entry, key), sequenceOf(options?.generations) ?? invalidations.sequence);
    } catch (error) {
      // What was refused was newer than what is here; a remote store has it all the same.
      if (values !== "serialized") entries.delete(key);
      throw error;
    }
  };
}

/** How many invalidations there were when a load began, as the store gave it out. */
function sequenceOf(generations: string | undefined): number | undefined {
  return generations === undefined ? undefined : readGenerations(generations)[0]?.sequence;
}

function remove(parts: Parts, key: string): boolean {
  parts.life.assertOpen();
  const isThere = holds(parts, key);
  parts.entries.delete(key);
  return isThere;
}

/** Whether a read of `key` would find something. */
function holds(parts: Parts, key: string): boolean {
  const held = parts.entries.peek(key);
  return (held && entryOf(parts, held)) !== undefined;
}

async function* walkKeys(parts: Parts, glob: string): AsyncGenerator<readonly string[]> {
  parts.life.assertOpen();
  const matches = globMatcher(glob);
  // A snapshot: the list of the least recently used changes under the feet of whoever walks it.
  const keys = [...parts.entries.keys()];
  for (let at = 0; at < keys.length; at += WALK_BATCH) {
    const batch = keys.slice(at, at + WALK_BATCH).filter((key) => matches(key) && holds(parts, key));
    if (batch.length > 0) yield batch;
  }
}
