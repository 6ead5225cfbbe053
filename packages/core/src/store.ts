import type { Clock } from "./clock.js";
import type { Awaitable, CacheEntry } from "./entry.js";

/**
 * Judges an entry that a store has just decoded: resolves to the entry (its value perhaps replaced by
 * a validator's output), or to `undefined` where it counts as absent. Never throws.
 */
export type Admit = (key: string, entry: CacheEntry) => Awaitable<CacheEntry | undefined>;

/** Why an entry is written. A composite announces a `"write"` to other nodes, a `"fill"` of an absent key it does not. */
export type WriteReason = "write" | "fill";

/** What a store tells the caches above it, outside any call. */
export type StoreEvent =
  /** Another node changed these keys: loads of them that are under way are void. */
  | { readonly type: "changed"; readonly keys: readonly string[] }
  /** Something failed that no caller waits for, or bytes under `key` could not be read. */
  | { readonly type: "error"; readonly operation: string; readonly error: unknown; readonly key?: string };

/** Several keys in one round trip. */
export interface ManyCapability {
  /** The entries in the order of the keys. */
  get(keys: readonly string[], now?: number, admit?: Admit): Awaitable<ReadonlyArray<CacheEntry | undefined>>;
  set(entries: ReadonlyArray<readonly [key: string, entry: CacheEntry]>, reason?: WriteReason): Awaitable<void>;
  /** How many were there. */
  delete(keys: readonly string[]): Awaitable<number>;
}

/**
 * A backend: entries by key. Three verbs are required; everything after them is a capability that a store
 * declares by having it. Absence is `undefined`. A verb that fails throws or rejects, and the cache copes.
 */
export interface CacheStore {
  /** Stands in events, statistics and messages. */
  readonly name: string;

  /**
   * The entry under `key` that is not gone yet, stale ones too.
   * `now` is the instant to judge `keepUntil` by, where the caller has just read the clock;
   * `admit` is for stores that declare `admits`. A store is free to ignore both.
   */
  get(key: string, now?: number, admit?: Admit): Awaitable<CacheEntry | undefined>;
  /** Replaces what is under `key`. May be dropped from `entry.keepUntil` on. */
  set(key: string, entry: CacheEntry, reason?: WriteReason): Awaitable<void>;
  /** Whether something was there. */
  delete(key: string): Awaitable<boolean>;

  /** The name under which a hit that carries no `tier` is counted: a composite gives its near store's. */
  readonly tier?: string;
  /** The clock that deadlines of this store are in. Default: the machine's. */
  readonly clock?: Clock;
  /** The store passes each entry that it decodes, and only those, through `admit`. Else the cache judges every read. */
  readonly admits?: true;
  /** Many keys at once. Made up for by single calls where it is missing. */
  readonly many?: ManyCapability;
  /** Keys that match a glob (`*`, `?`, and `\` before a literal one), in batches; may repeat a key. */
  readonly walk?: (glob: string) => AsyncIterable<readonly string[]>;
  /** Calls `listener` for what happens outside any call. Returns a function that stops it. */
  readonly on?: (listener: (event: StoreEvent) => void) => () => void;
  /** Ends what the store itself opened: timers, listeners, connections of its own. Never a client it was given. */
  readonly close?: () => Awaitable<void>;
}

/** Whether `store` has what every store must have. A bare `Map` has not: it has no name, and does not know of deadlines. */
export function isStore(store: unknown): store is CacheStore {
  if (typeof store !== "object" || store === null) return false;
  const { name, get, set, delete: remove } = store as Partial<CacheStore>;
  return typeof name === "string" && [get, set, remove].every((verb) => typeof verb === "function");
}
