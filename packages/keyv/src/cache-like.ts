import { type Awaitable, CacheError } from "@granary/core";
import { methodOf } from "./keyv-like.js";

/** What `toKeyv` needs of a cache. Every `Cache` of Granary has it. */
export interface CacheLike {
  get(id: string): Awaitable<unknown>;
  /** Whether every tier took the value. */
  set(id: string, value: unknown, options?: LifeOptions): Awaitable<boolean>;
  delete(id: string): Awaitable<boolean>;
  has(id: string): Awaitable<boolean>;
  /** Everything in it and in its children. */
  clear(): Awaitable<unknown>;
  /** Those found, by id. */
  getMany(ids: readonly string[]): Awaitable<{ get(id: string): unknown; has(id: string): boolean }>;
  /** Whether every tier took all of them. */
  setMany(entries: Iterable<readonly [id: string | number, value: unknown]>, options?: LifeOptions): Awaitable<boolean>;
  /** How many were there. */
  deleteMany(ids: readonly string[]): Awaitable<number>;
  /** Its own, without its children's. */
  keys(): AsyncIterable<{ readonly id: string | number }>;
  /** A child, which has a name without `:`, `/`, `{` and `}`. */
  namespace(name: string): CacheLike;
}

/** How long a value lives, where the caller says so. */
export interface LifeOptions {
  /** In milliseconds. */
  readonly ttl?: number;
  /** 0, since who names an instant means it. */
  readonly jitter?: number;
}

type Verb = keyof CacheLike;
const VERBS: Readonly<Record<Verb, true>> = {
  get: true,
  set: true,
  delete: true,
  has: true,
  clear: true,
  getMany: true,
  setMany: true,
  deleteMany: true,
  keys: true,
  namespace: true,
};

/** @throws CacheError `INVALID_OPTION` */
export function requireCache(cache: CacheLike): void {
  const missing = Object.keys(VERBS).find((verb) => methodOf(cache, verb) === undefined);
  if (missing === undefined) return;
  throw new CacheError(
    "INVALID_OPTION",
    `toKeyv() takes a cache: write toKeyv(createCache({ store })). What it was given has no ${missing}().`,
  );
}
