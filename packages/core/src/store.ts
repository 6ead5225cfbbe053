import type { Clock } from "./clock.js";
import type { Awaitable, CacheEntry, EntryHandle } from "./entry.js";
import type { BreakerState, StoreHealth } from "./events.js";
import type { Generation } from "./generations.js";

/**
 * Judges an entry that a store has just decoded: resolves to the entry (its value perhaps replaced by
 * a validator's output), or to `undefined` where it counts as absent. Never throws.
 */
export type Admit = (key: string, entry: CacheEntry) => Awaitable<CacheEntry | undefined>;

/** Why an entry is written. A composite announces a `"write"` to other nodes, a `"fill"` of an absent key it does not. */
export type WriteReason = "write" | "fill";

/** A call whose caller may stop waiting for it. */
export interface Attempt {
  /** Nobody waits any more: what was not sent yet must not be sent. */
  readonly isGivenUp: boolean;
  /** Calls `listener` when nobody waits any more: what was sent may still be done, and has to be undone behind it. */
  onGiveUp(listener: () => void): void;
}

/** How an entry is written. */
export interface WriteOptions {
  /** Default: `"write"`. */
  readonly reason?: WriteReason;
  /** Default: the caller waits for as long as it takes. */
  readonly attempt?: Attempt;
  /** Those that stood before a load began, as the store gave them. Default: those of the moment at which it is written. */
  readonly generations?: string | undefined;
}

/** What `expire` makes of an entry. */
export interface ExpireTerms {
  /** This moment by the clock of the store. */
  readonly now: number;
  /** For how long, in milliseconds, the entry may still be served as stale. */
  readonly staleMs: number;
}

/** What a store tells the caches above it, outside any call. */
export type StoreEvent =
  /** Another node changed these keys: loads of them that are under way are void. */
  | { readonly type: "changed"; readonly keys: readonly string[] }
  /** Another node invalidated a namespace or tags in it: loads there that are under way are void. */
  | ({ readonly type: "invalidated" } & Invalidation & Generation)
  /** Messages of other nodes may have been missed: every load that is under way is void. */
  | { readonly type: "gap" }
  /** The server is another one than before, or has lost what it held: changes that it had taken may be undone. */
  | { readonly type: "failover" }
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

/** The answer to a node that asks for the right to load a key. */
export type LeaseAnswer =
  /**
   * The right is given; `entry` is what the store holds at this moment, should it be good enough after all. `ttlMs` where
   * it lasts longer than usual, as one of thousands that were asked for at once.
   */
  | {
      readonly type: "granted";
      readonly entry: CacheEntry | undefined;
      readonly ttlMs?: number;
      /** Those that stand at this moment, for what is loaded from now on. */
      readonly generations?: string;
    }
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
  /** As the store gave them with the lease. */
  readonly generations?: string | undefined;
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
   * nothing to keep, the key is deleted there, and far as well. Whether there are such tiers.
   */
  keepNear?(key: string, entry: CacheEntry | undefined): Awaitable<boolean>;
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
  set(entries: ReadonlyArray<readonly [key: string, entry: CacheEntry]>, options?: WriteOptions): Awaitable<void>;
  /** Whether each was there, in the order of the keys; of a key that is named twice, the first time only. */
  delete(keys: readonly string[]): Awaitable<readonly boolean[]>;
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
  set(key: string, entry: CacheEntry, options?: WriteOptions): Awaitable<void>;
  /** Whether something was there. */
  delete(key: string): Awaitable<boolean>;

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
  /**
   * From now on the store gives out nothing that was invalidated since its load began, to any node. Resolves to the
   * generation of the namespace from now on. A store without it keeps its generations as entries among the others.
   */
  readonly invalidate?: (invalidation: Invalidation) => Awaitable<Generation>;
  /**
   * The generations that stand now for `key`, which an entry carries whose load begins now. For stores that are asked for
   * no lease: those that stand when an entry is written would be too late.
   */
  readonly generations?: (key: string) => Awaitable<string>;
  /**
   * Makes the entry under `key` stale from now on, in one atomic step that ends its lease; deletes it where it may not
   * be served as stale. Whether it was fresh. Made up for by a look and a write where it is missing.
   */
  readonly expire?: (key: string, terms: ExpireTerms) => Awaitable<boolean>;
  /** One load a key among all nodes. */
  readonly leases?: LeasesCapability;
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
