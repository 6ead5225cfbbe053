import { type Admit, type Awaitable, type CacheEntry, type CacheStore, isPromiseLike } from "@granary/core";

/** Gives an entry another shape, which is then handed on as if it were one. */
export type Corrupt = (key: string, entry: CacheEntry) => CacheEntry;

/** Where entries are read, and what befalls them. */
export interface CorruptRead {
  readonly store: CacheStore;
  readonly corrupt: Corrupt | undefined;
  readonly admit: Admit | undefined;
}

/**
 * Reads entries and corrupts them as if the store had decoded them so: before they are admitted, where the store
 * admits them, else in its answer.
 */
export function readCorrupt<T>(
  { store, corrupt, admit }: CorruptRead,
  read: (admit?: Admit) => Awaitable<T>,
  change: (answer: T, corrupt: Corrupt) => T,
): Awaitable<T> {
  if (corrupt === undefined) return read(admit);
  if (store.admits === true && admit !== undefined) return read((key, entry) => admit(key, corrupt(key, entry)));
  const answer = read(admit);
  return isPromiseLike(answer) ? answer.then((found) => change(found, corrupt)) : change(answer, corrupt);
}

/** One of many shapes that an entry must not have. */
export function corruptEntry(entry: CacheEntry, random: () => number): unknown {
  const shape = SHAPES[Math.floor(random() * SHAPES.length)];
  return shape?.(entry);
}

const SHAPES: ReadonlyArray<(entry: CacheEntry) => unknown> = [
  (entry) => ({ ...entry, value: typeof entry.value === "string" ? 0 : "corrupt" }),
  (entry) => ({ ...entry, value: undefined }),
  (entry) => ({ ...entry, createdAt: "today" }),
  (entry) => ({ ...entry, createdAt: Number.POSITIVE_INFINITY }),
  (entry) => ({ ...entry, freshUntil: Number.NaN }),
  (entry) => ({ ...entry, freshUntil: String(entry.freshUntil) }),
  (entry) => ({ ...entry, keepUntil: 0 }),
  (entry) => ({ ...entry, keepUntil: null }),
  (entry) => ({ ...entry, tags: 1 }),
  ({ value }) => ({ value }),
  () => ({}),
  () => [],
  () => "corrupt",
  () => null,
];
