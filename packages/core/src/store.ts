import type { Clock } from "./clock.js";
import type { Awaitable, CacheEntry, EntryHandle } from "./entry.js";
import type { BreakerState, StoreHealth } from "./events.js";

/**
 * Judges an entry that a store has just decoded: resolves to the entry (its value perhaps replaced by
 * a validator's output), or to `undefined` where it counts as absent. Never throws.
 */
export type Admit = (key: string, entry: CacheEntry) => Awaitable<CacheEntry | undefined>;

/**
 * Why an entry is written. A composite announces a `"write"` to other nodes, a `"fill"` of an absent key it does not. An
 * `"expire"` is a write of what was there, made stale: others may have changed it since it was read, and then it is to go.
 */
export type WriteReason = "write" | "fill" | "expire";

/** What a store has missed about a key: a value, or that there is none any more. */
export interface MissedChange {
  /** When it was changed, by the store's clock. */
  readonly at: number;
  readonly entry?: CacheEntry | undefined;
}

/** What a store tells the caches above it, outside any call. */
export type StoreEvent =
  /** Another node changed these keys: loads of them that are under way are void. */
  | { readonly type: "changed"; readonly keys: readonly string[] }
  /** Another node invalidated a namespace or tags in it: loads there that are under way are void. */
  | { readonly type: "marked"; readonly scope: string; readonly tags?: readonly string[]; readonly at: number }
  /** Messages of other nodes may have been missed: every load that is under way is void. */
  | { readonly type: "gap" }
  /** The circuit breaker in front of a store has a new state. */
  | { readonly type: "breaker"; readonly store: string; readonly state: BreakerState }
  /** Something failed that no caller waits for, or bytes under `key` could not be read. */
  | { readonly type: "error"; readonly operation: string; readonly error: unknown; readonly key?: string };

/** What is to be gone: a namespace with its children, or what carries one of the tags there. */
export interface Invalidation {
  /** The namespace, as `prefix:version:namespace`. */
  readonly scope: string;
  readonly tags?: readonly string[];
}

/** What a store knows of a namespace. `-Infinity` where nothing was ever invalidated. */
export interface ScopeMark {
  /** When the namespace was last cleared. */
  readonly clearedAt: number;
  /** When a tag was last invalidated, whichever it was: younger entries need no look at their tags. */
  readonly taggedAt: number;
}

/**
 * Marks that a remote store keeps for all nodes: max-registers, raised in one atomic step, by the store's clock.
 * The cache judges the entries of such a store by them.
 */
export interface MarksCapability {
  /** In the order of the scopes, in the round trip of the reads that are asked for in the same turn, if it can. */
  read(scopes: readonly string[]): Awaitable<readonly ScopeMark[]>;
  /** The marks of tags in a scope, in the order of the tags. */
  readTags(scope: string, tags: readonly string[]): Awaitable<readonly number[]>;
  /** Raises marks to now, and at least to `atLeast`. Resolves to the instant. */
  raise(invalidation: Invalidation, atLeast: number): Awaitable<number>;
}

/** The answer to a node that asks for the right to load a key. */
export type LeaseAnswer =
  /**
   * The right is given; `entry` is what the store holds at this moment, should it be good enough after all. `ttlMs` where
   * it lasts longer than usual, as one of thousands that were asked for at once.
   */
  | { readonly type: "granted"; readonly entry: CacheEntry | undefined; readonly ttlMs?: number }
  /** Who has shown the token `holder` has it, for at most `leftMs` more unless it renews it. */
  | {
      readonly type: "taken";
      readonly entry: CacheEntry | undefined;
      readonly leftMs: number;
      readonly holder: string;
    };

/** By what right, and why, a load is written. */
export interface LeaseClaim {
  readonly token: string;
  /** As for `set`. Default `"write"`. */
  readonly reason?: WriteReason;
  /** When the load began that has found nothing to keep. Default: now. */
  readonly begunAt?: number;
}

/** The right to load a key and to write the result: a token in the store, beside the key, that every change of it removes. */
export interface LeasesCapability {
  /** How long a lease lasts unless it is renewed. */
  readonly ttlMs: number;
  acquire(key: string, token: string, admit?: Admit): Awaitable<LeaseAnswer>;
  /** Whether the lease still stands, and now lasts `ttlMs` from here: as long as it was given for. */
  renew(key: string, token: string, ttlMs?: number): Awaitable<boolean>;
  /**
   * Writes `entry` if the lease still stands, in one atomic step, and ends the lease; deletes the key where there is
   * none, since the load has found nothing to keep. Whether it did.
   */
  fill(key: string, entry: CacheEntry | undefined, claim: LeaseClaim): Awaitable<boolean>;
  /** Gives the right back, so that whoever waits can have it. */
  release(key: string, token: string): Awaitable<void>;
  /**
   * Keeps what was loaded without a lease where it needs none: in the tiers of this process. Where the load has found
   * nothing to keep, the key is deleted there, and far as well, unless that holds something newer than `change.at`.
   * Whether there are such tiers.
   */
  keepNear?(key: string, change: MissedChange): Awaitable<boolean>;
  /** Calls `wake` when the lease of `key` ends, as far as the store hears of it. Returns a function that stops it. */
  watch(key: string, wake: () => void): () => void;
}

/** Hits without a look-up, for stores in this process. */
export interface HandlesCapability {
  /** The place of `key`, where something is held. Counts as no use. */
  of(key: string): EntryHandle | undefined;
  /** Whether `get` would give what is at `handle` now, and as fresh. Then it counts as a use of it. */
  permits(handle: EntryHandle, now: number): boolean;
}

/** How values are kept apart from what callers do to them. */
export interface ValuesCapability {
  /** What stands for `value` from now on, whatever becomes of it. @throws where it cannot be kept so. */
  take(value: unknown): unknown;
  /** What one caller is given of a value that others may be given as well. */
  give(value: unknown): unknown;
}

/** Several keys in one round trip. */
export interface ManyCapability {
  /** The entries in the order of the keys. */
  get(keys: readonly string[], now?: number, admit?: Admit): Awaitable<ReadonlyArray<CacheEntry | undefined>>;
  set(entries: ReadonlyArray<readonly [key: string, entry: CacheEntry]>, reason?: WriteReason): Awaitable<void>;
  /** Whether each was there, in the order of the keys; of a key that is named twice, the first time only. */
  delete(keys: readonly string[], at?: number): Awaitable<readonly boolean[]>;
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
  /** Whether something was there. `at` is the instant of the deletion, for stores that must do it later. */
  delete(key: string, at?: number): Awaitable<boolean>;

  /** The name under which a hit that carries no `tier` is counted: a composite gives its near store's. */
  readonly tier?: string;
  /** The clock that deadlines of this store are in. Default: the machine's. */
  readonly clock?: Clock;
  /** The store passes each entry that it decodes, and only those, through `admit`. Else the cache judges every read. */
  readonly admits?: true;
  /** Places of keys, so that a hit need not look its key up. */
  readonly handles?: HandlesCapability;
  /** Callers share no value: the cache captures what it is given, and gives each caller its own. Default: they do. */
  readonly values?: ValuesCapability;
  /**
   * `value` as it is now, for a write that has to wait: its caller may change the object meanwhile. For stores that write
   * values by a serializer, and so hold what was set. Throws what `set` would throw. Default: the object itself.
   */
  readonly snapshot?: (value: unknown) => unknown;
  /** Many keys at once. Made up for by single calls where it is missing. */
  readonly many?: ManyCapability;
  /** Keys that match a glob (`*`, `?`, and `\` before a literal one), in batches; may repeat a key. */
  readonly walk?: (glob: string) => AsyncIterable<readonly string[]>;
  /** Marks for all nodes, kept by the store. The cache judges the entries of such a store. */
  readonly marks?: MarksCapability;
  /**
   * The store judges its entries itself: `get` gives none that was invalidated since its load began.
   * Raises the marks to `at` and, where another place has the word on that, to what it says; resolves to the instant.
   */
  readonly invalidate?: (invalidation: Invalidation, at: number) => Awaitable<number>;
  /** One load a key among all nodes. */
  readonly leases?: LeasesCapability;
  /**
   * Makes a change that the store has missed, in one atomic step, unless it holds something newer than `change.at`, or
   * knows that the key was deleted since. Whether it did.
   */
  readonly replay?: (key: string, change: MissedChange) => Awaitable<boolean>;
  /**
   * Told by a guard how long it waits for a call, in milliseconds, for a thousand keys. A `set`, or a question for a
   * lease, that a connection has held back for longer must not be done any more, by the store's own clock, but be
   * rejected: its caller has given it up, and others may have changed the key since. The longest of several counts.
   */
  readonly giveUpAfter?: (ms: number) => void;
  /**
   * `false`: calls stay in this process, or have deadlines of their own, and cannot hang. Every other store is guarded
   * by a timeout and a circuit breaker.
   */
  readonly remote?: boolean;
  /** How the store, and those below it, are doing, by name. */
  readonly health?: () => Readonly<Record<string, StoreHealth>>;
  /** Resolves once the clock can be relied on, or cannot be for now. */
  readonly ready?: () => Awaitable<void>;
  /**
   * Calls `listener` for what happens outside any call. Returns a function that stops it. Whoever uses the store listens
   * for as long: what the store opens for its users (timers, connections) it opens for the first who listens, and the
   * function resolves once that is gone behind the last. Then the store may be used again.
   */
  readonly on?: (listener: (event: StoreEvent) => void) => () => Awaitable<void>;
  /**
   * Called by whoever made the store, never by a cache. Ends what the store itself opened; never a client, a bus or another
   * store that it was given. From then on every call says `CLOSED`.
   */
  readonly close?: () => Awaitable<void>;
}

/** Whether `store` has what every store must have. A bare `Map` has not: it has no name, and does not know of deadlines. */
export function isStore(store: unknown): store is CacheStore {
  if (typeof store !== "object" || store === null) return false;
  const { name, get, set, delete: remove } = store as Partial<CacheStore>;
  return typeof name === "string" && [get, set, remove].every((verb) => typeof verb === "function");
}

/** What a store says of itself, which whoever wraps it says too. */
export function traitsOf({
  name,
  tier,
  clock,
  admits,
  values,
  snapshot,
}: CacheStore): Pick<CacheStore, "name" | "tier" | "clock" | "admits" | "values" | "snapshot"> {
  return {
    name,
    ...(tier !== undefined && { tier }),
    ...(clock !== undefined && { clock }),
    ...(admits !== undefined && { admits }),
    ...(values !== undefined && { values }),
    ...(snapshot !== undefined && { snapshot }),
  };
}
