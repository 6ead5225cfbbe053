/** `closed`: calls pass. `open`: none does. `half-open`: one is made to see whether there is an answer again. */
export type BreakerState = "closed" | "open" | "half-open";

/** How a store that may hang or fail is doing. Counts are since its cache was created. */
export interface StoreHealth {
  readonly state: BreakerState;
  /** Calls that failed in a row, up to now. */
  readonly failures: number;
  /** Calls that have no answer yet, those that were given up included. */
  readonly pending: number;
  /** Calls that were not answered in time. */
  readonly timeouts: number;
  /** Calls that were not made, since the breaker was open or too many were pending. */
  readonly refused: number;
  /** Changes of keys, and invalidations, that the store has not taken yet and that are to be repaired there. */
  readonly owed: number;
}

/** What a cache tells its listeners. Events of a child namespace reach its parents too. */
export interface CacheEvents {
  /** A read was answered from the store; `stale` where it was past its ttl. */
  hit: { readonly key: string; readonly tier: string; readonly stale: boolean };
  /** A read found nothing fresh, and nothing that may be served stale at once. */
  miss: { readonly key: string };
  /** A stale value was served because a load failed or took too long. */
  fallback: { readonly key: string; readonly reason: "failed" | "slow" };
  /** A loader gave a value after `ms` milliseconds; `stored` where it was kept. */
  load: { readonly key: string; readonly ms: number; readonly stored: boolean };
  /** A loader failed or took too long. */
  loadError: { readonly key: string; readonly error: unknown };
  /** The application wrote a value. */
  set: { readonly key: string };
  /** The application deleted a key; `existed` where something was there. */
  delete: { readonly key: string; readonly existed: boolean };
  /** The application made an entry stale. */
  expire: { readonly key: string };
  /** The application cleared a namespace with its children, as `prefix:version:namespace`. */
  clear: { readonly scope: string };
  /** The application invalidated tags in a namespace and its children. */
  invalidateTags: { readonly scope: string; readonly tags: readonly string[] };
  /** The application deleted every key that matches a pattern; `deleted` of them were there. */
  invalidatePattern: { readonly pattern: string; readonly deleted: number };
  /** The circuit breaker in front of a remote store has a new state. */
  breaker: { readonly store: string; readonly state: BreakerState };
  /**
   * A store failed, held something unreadable or something that does not fit the schema. That it cannot write what a loader
   * gave for a key is told once a minute.
   */
  error: { readonly operation: string; readonly error: unknown; readonly key?: string };
}

/** The names of the events. */
export type CacheEventName = keyof CacheEvents;

/** Is called at once, in the middle of the operation it tells of: keep it short. What it throws, or rejects with, becomes an `error` event. */
export type CacheListener<Name extends CacheEventName> = (event: CacheEvents[Name]) => void;

/** Counts since the cache was created. `hits + misses = gets`, exactly. */
export interface CacheStats {
  /** Reads by `get`, `getOrSet` and their batch forms, one an id. */
  readonly gets: number;
  readonly hits: number;
  readonly misses: number;
  /** Hits by the name of the tier that held the entry. */
  readonly tiers: Readonly<Record<string, number>>;
  /** Times a stale value was served, at once or after a failed or slow load. */
  readonly stale: number;
  /** Loaders started. */
  readonly loads: number;
  readonly loadFailures: number;
  /** Values that the application wrote. */
  readonly sets: number;
  readonly deletes: number;
  readonly errors: number;
  /** Values that a loader gave, or that the application wrote, and that a store could not write for what they are. */
  readonly unserializable: number;
  /** How the stores that may hang or fail are doing, by name. */
  readonly stores: Readonly<Record<string, StoreHealth>>;
}
