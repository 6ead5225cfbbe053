/** A value now, or a promise of one. A store that can answer at once should. */
export type Awaitable<T> = T | Promise<T>;

/**
 * A value with its deadlines. All instants are milliseconds since the epoch by the store's clock;
 * they are absolute, so an entry that is copied between tiers does not start its life again.
 */
export interface CacheEntry<V = unknown> {
  readonly value: V;
  /** When the load that made the value began. It says how old the entry is, and decides nothing. */
  readonly createdAt: number;
  /** Fresh before this instant. May be `Infinity`. */
  readonly freshUntil: number;
  /** Stale from `freshUntil` up to here, gone from here on: a store may drop it and must not return it. */
  readonly keepUntil: number;
  /** The tags it can be invalidated by. */
  readonly tags?: readonly string[] | undefined;
  /** An HTTP-like validator that the loader attached, handed back to the next load. */
  readonly etag?: string | undefined;
  /** As `etag`, for origins that only know a date. */
  readonly lastModified?: string | undefined;
  /** The generations of its namespaces, where a store keeps them with it: for stores alone. */
  readonly generations?: string | undefined;
  /** The store that this copy was just read from, where that is not the nearest one. Never stored. */
  readonly tier?: string | undefined;
}

/** What an entry carries beside its value and its instants: tags, validators, and what a composite adds to its copies. */
export type EntryRest = Readonly<Omit<CacheEntry, "value" | "createdAt" | "freshUntil" | "keepUntil">>;

/**
 * The place of one key in a store, with what the store holds there, until it holds something else or nothing there: then
 * it is empty. A place that was emptied is not filled again; a new entry gets a new one.
 */
export interface EntryHandle {
  readonly key: string;
  /** The value of the entry; `undefined` once the place is empty. */
  readonly value: unknown;
  readonly rest: EntryRest | undefined;
}

/** Whether `value` has to be waited for. */
export function isPromiseLike<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === "object" && value !== null && typeof (value as PromiseLike<T>).then === "function";
}

/** `next` of the value: at once where it is here, else when it is. */
export function andThen<T, R>(value: Awaitable<T>, next: (value: T) => Awaitable<R>): Awaitable<R> {
  return isPromiseLike(value) ? value.then(next) : next(value);
}
