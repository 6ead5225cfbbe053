import {
  builtInOf,
  type CacheEntry,
  CacheError,
  type Clock,
  type Invalidation,
  type MissedChange,
  type ScopeMark,
  scopesOf,
  TAG_LIFE_MS,
  tagMarkKey,
} from "@granary/core";

const NEVER = Number.NEGATIVE_INFINITY;

/** A server counts microseconds: no two of its steps happen at one instant, also where its clock stands still. */
const TICK_MS = 2 ** -10;

interface Lease {
  readonly token: string;
  readonly until: number;
}

interface TagMark {
  readonly at: number;
  /** From here on the mark may be forgotten: no entry with the tag is as old. */
  readonly until: number;
}

/** What a far server is told. */
export interface FarServerOptions {
  /** The one clock that deadlines, leases and marks go by. */
  readonly clock: Clock;
  readonly leaseMs: number;
}

/**
 * What a remote store does at its server. Each method is one atomic step, and time is the server's alone.
 * Entries are copied on their way in and on their way out, as bytes would be.
 */
export class FarServer {
  readonly #clock: Clock;
  readonly #leaseMs: number;
  readonly #entries = new Map<string, CacheEntry>();
  readonly #leases = new Map<string, Lease>();
  /** When something in a namespace was last deleted by its key. */
  readonly #deletedAt = new Map<string, number>();
  readonly #scopes = new Map<string, ScopeMark>();
  readonly #tags = new Map<string, TagMark>();
  readonly #waiting = new Map<string, Set<() => void>>();
  #raisedAt = NEVER;

  constructor({ clock, leaseMs }: FarServerOptions) {
    this.#clock = clock;
    this.#leaseMs = leaseMs;
  }

  read(key: string): CacheEntry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.keepUntil > this.#clock.now()) return copyEntry(entry);
    this.#entries.delete(key);
    return undefined;
  }

  /** Whether what was to be done by `until` can still be done. */
  isInTime(until: number): boolean {
    return this.#clock.now() <= until;
  }

  /** Writes, and ends any lease, so that no load that is under way is written over it. */
  write(key: string, entry: CacheEntry): void {
    this.#entries.set(key, entry);
    this.#leases.delete(key);
  }

  /** Deletes, and ends any lease, also where there was nothing. */
  remove(key: string, at = NEVER): boolean {
    return this.#remove(key, Math.max(at, this.#clock.now()));
  }

  /**
   * Makes a change that was missed, unless something newer is here. Where the key may have been deleted since, and while
   * somebody loads it, nobody can say whether the value is the latest: then none is kept.
   */
  replay(key: string, { at, entry }: MissedChange): boolean {
    const held = this.read(key)?.createdAt ?? NEVER;
    if (held > at) return false;
    // A value may be older than its change, which made it stale: then one that came between the two has to go as well.
    const isLatest = entry !== undefined && held <= entry.createdAt && this.#lastDeletion(key) < entry.createdAt;
    const isWritten = isLatest && this.#lease(key) === undefined;
    if (isWritten) this.write(key, entry);
    else this.#remove(key, at);
    return isWritten || entry === undefined;
  }

  keys(): string[] {
    return [...this.#entries.keys()].filter((key) => this.read(key) !== undefined);
  }

  /** Who else holds the lease, and for how long; `undefined` where it is now the asker's. */
  acquire(key: string, token: string): { readonly holder: string; readonly leftMs: number } | undefined {
    const held = this.#lease(key);
    if (held !== undefined && held.token !== token)
      return { holder: held.token, leftMs: held.until - this.#clock.now() };
    this.#leases.set(key, { token, until: this.#clock.now() + this.#leaseMs });
    return undefined;
  }

  renew(key: string, token: string, ttlMs = this.#leaseMs): boolean {
    if (this.#lease(key)?.token !== token) return false;
    this.#leases.set(key, { token, until: this.#clock.now() + ttlMs });
    return true;
  }

  /** Looks at the token, writes or deletes, and ends the lease in one step: nothing can change the key in between. */
  fill(key: string, entry: CacheEntry | undefined, token: string): boolean {
    if (this.#lease(key)?.token !== token) return false;
    if (entry === undefined) this.remove(key);
    else this.write(key, entry);
    this.#wake(key);
    return true;
  }

  release(key: string, token: string): void {
    if (this.#lease(key)?.token !== token) return;
    this.#leases.delete(key);
    this.#wake(key);
  }

  watch(key: string, wake: () => void): () => void {
    const waiting = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, waiting.add(wake));
    return () => {
      waiting.delete(wake);
      if (waiting.size === 0 && this.#waiting.get(key) === waiting) this.#waiting.delete(key);
    };
  }

  scopeMark(scope: string): ScopeMark {
    return this.#scopes.get(scope) ?? { clearedAt: NEVER, taggedAt: NEVER };
  }

  tagMark(scope: string, tag: string): number {
    const mark = this.#tags.get(tagMarkKey(scope, tag));
    return mark === undefined || mark.until <= this.#clock.now() ? NEVER : mark.at;
  }

  /**
   * Each mark is a max-register: it only rises, in whatever order the raises come. A mark is younger than all that
   * were raised before it: who has heard of one of those stamps a load just after it, and this one has to beat it.
   */
  raise({ scope, tags }: Invalidation, atLeast: number): number {
    const at = Math.max(this.#clock.now(), atLeast, this.#raisedAt + TICK_MS);
    this.#raisedAt = at;
    const { clearedAt, taggedAt } = this.scopeMark(scope);
    if (tags === undefined) this.#scopes.set(scope, { clearedAt: Math.max(clearedAt, at), taggedAt });
    else this.#scopes.set(scope, { clearedAt, taggedAt: Math.max(taggedAt, at) });
    for (const tag of tags ?? []) this.#raiseTag(scope, tag, at);
    return at;
  }

  /** Forgets everything, marks and leases too, as a server does that is started anew without its data. */
  flush(): void {
    for (const held of [this.#entries, this.#leases, this.#deletedAt, this.#scopes, this.#tags]) held.clear();
    this.#raisedAt = NEVER;
  }

  #raiseTag(scope: string, tag: string, raisedAt: number): void {
    const at = Math.max(this.tagMark(scope, tag), raisedAt);
    this.#tags.set(tagMarkKey(scope, tag), { at, until: at + TAG_LIFE_MS });
  }

  #remove(key: string, at: number): boolean {
    const existed = this.read(key) !== undefined;
    this.#entries.delete(key);
    this.#leases.delete(key);
    this.#deletedAt.set(namespaceOf(key), Math.max(at, this.#lastDeletion(key)));
    return existed;
  }

  #lastDeletion(key: string): number {
    return this.#deletedAt.get(namespaceOf(key)) ?? NEVER;
  }

  #lease(key: string): Lease | undefined {
    const lease = this.#leases.get(key);
    return lease === undefined || lease.until <= this.#clock.now() ? undefined : lease;
  }

  #wake(key: string): void {
    for (const wake of [...(this.#waiting.get(key) ?? [])]) wake();
  }
}

function namespaceOf(key: string): string {
  return scopesOf(key).at(-1) ?? "";
}

/** What of an entry travels, the way bytes would: nothing is shared with the original. */
export function copyEntry({ value, tags, ...entry }: CacheEntry): CacheEntry {
  const { createdAt, freshUntil, keepUntil, etag, lastModified } = entry;
  return {
    value: copyValue(value),
    createdAt,
    freshUntil,
    keepUntil,
    ...(tags !== undefined && { tags: [...tags] }),
    ...(etag !== undefined && { etag }),
    ...(lastModified !== undefined && { lastModified }),
  };
}

function copyValue(value: unknown): unknown {
  if (typeof value === "object" && value !== null && builtInOf(value) === "URL") return new URL(value as URL);
  try {
    return structuredClone(value);
  } catch (cause) {
    throw new CacheError("INVALID_VALUE", "This value cannot be copied.", { cause });
  }
}
