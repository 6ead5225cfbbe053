/**
 * What the store needs of a Keyv: an instance of version 5.6 or later, or of version 6, fits.
 * It is taken by its form, so it may come from any copy of the package.
 */
export interface KeyvLike {
  /** Keyv 5 only: whether Keyv itself writes the namespace in front of a key. Keyv 6 leaves that to the adapter. */
  readonly useKeyPrefix?: boolean;
  readonly namespace?: string | undefined;
  /** The adapter behind it. */
  readonly store: unknown;
  getRaw(key: string): PromiseLike<unknown>;
  getMany(keys: string[], options?: { raw: true }): PromiseLike<readonly unknown[]>;
  /** `ttl` is in milliseconds from now, in both versions. */
  set(key: string, value: string, ttl?: number): PromiseLike<boolean>;
  setMany(entries: KeyvItem[]): PromiseLike<unknown>;
  delete(key: string): PromiseLike<boolean>;
  /** One answer for all keys in Keyv 5, one for each in Keyv 6. */
  deleteMany(keys: string[]): PromiseLike<unknown>;
  hasMany(keys: string[]): PromiseLike<readonly boolean[]>;
  on(event: "error", listener: (error: unknown) => void): unknown;
  off(event: "error", listener: (error: unknown) => void): unknown;
}

/** One item of a batch. `ttl` is in milliseconds from now; without it Keyv's own default holds. */
export interface KeyvItem {
  key: string;
  value: string;
  ttl?: number;
}

/** Whether `keyv` is of version 5, the only one that prefixes keys itself. */
export function isKeyv5(keyv: KeyvLike): boolean {
  return keyv.useKeyPrefix !== undefined;
}

/** The method of that name, bound to `target`, where it has one. */
export function methodOf(target: unknown, name: string): ((...args: unknown[]) => unknown) | undefined {
  const method = memberOf(target, name);
  return typeof method === "function" ? (...args) => method.apply(target, args) as unknown : undefined;
}

/** What `target` holds under `name`, where it is an object at all. */
export function memberOf(target: unknown, name: string): unknown {
  return typeof target === "object" && target !== null ? (target as Record<string, unknown>)[name] : undefined;
}
