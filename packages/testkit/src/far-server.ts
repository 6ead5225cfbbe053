import {
  builtInOf,
  type CacheEntry,
  CacheError,
  type Clock,
  type ExpireTerms,
  expiredEntry,
  type Generation,
  type GenerationRecord,
  generationsOf,
  type Invalidation,
  newRecord,
  raised,
  readGenerations,
  scopesOf,
  validityOf,
} from "@granary/core";

interface Lease {
  readonly token: string;
  readonly until: number;
}

/** The record of a namespace, with the sequences of its tags, which are so lost together. */
interface ScopeRecord extends GenerationRecord {
  readonly tags: ReadonlyMap<string, number>;
}

/** By what right a load is written, and the generations that it carries. */
interface Claim {
  readonly token: string;
  readonly generations?: string | undefined;
}

/** All that a server holds. Nothing in it changes, so that a copy of the maps is a copy of it. */
interface Held {
  readonly entries: Map<string, CacheEntry>;
  readonly leases: Map<string, Lease>;
  readonly records: Map<string, ScopeRecord>;
}

/** What a far server is told. */
export interface FarServerOptions {
  /** The one clock that deadlines and leases go by. */
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
  #held: Held = { entries: new Map(), leases: new Map(), records: new Map() };
  #replica: Held | undefined;
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor({ clock, leaseMs }: FarServerOptions) {
    this.#clock = clock;
    this.#leaseMs = leaseMs;
  }

  /** The entry under `key`, unless it is gone or was invalidated. */
  read(key: string): CacheEntry | undefined {
    const entry = this.#held.entries.get(key);
    if (entry === undefined || !this.#isValid(key, entry)) return undefined;
    if (entry.keepUntil > this.#clock.now()) return copyEntry(entry);
    this.#held.entries.delete(key);
    return undefined;
  }

  /**
   * Writes, and ends any lease, so that no load that is under way is written over it. The generations are those of this
   * moment, unless those are given that stood before a load began.
   */
  write(key: string, entry: CacheEntry, generations = this.generations(key)): void {
    this.#held.entries.set(key, { ...entry, generations });
    this.#held.leases.delete(key);
  }

  /** Deletes, and ends any lease, also where there was nothing. What was invalidated is still there to be deleted. */
  remove(key: string): boolean {
    const existed = (this.#held.entries.get(key)?.keepUntil ?? Number.NEGATIVE_INFINITY) > this.#clock.now();
    this.#held.entries.delete(key);
    this.#held.leases.delete(key);
    return existed;
  }

  /** Makes stale, and ends any lease. Whether it was fresh. */
  expire(key: string, terms: ExpireTerms): boolean {
    const found = this.#held.entries.get(key);
    const wasFresh = (this.read(key)?.freshUntil ?? Number.NEGATIVE_INFINITY) > terms.now;
    const stale = found && expiredEntry(found, terms);
    if (stale === undefined) this.remove(key);
    else this.write(key, stale, found?.generations);
    return wasFresh;
  }

  keys(): string[] {
    return [...this.#held.entries.keys()].filter((key) => this.read(key) !== undefined);
  }

  /** Who else holds the lease, and for how long; `undefined` where it is now the asker's. */
  acquire(key: string, token: string): { readonly holder: string; readonly leftMs: number } | undefined {
    const held = this.#lease(key);
    if (held !== undefined && held.token !== token)
      return { holder: held.token, leftMs: held.until - this.#clock.now() };
    this.#held.leases.set(key, { token, until: this.#clock.now() + this.#leaseMs });
    return undefined;
  }

  renew(key: string, token: string, ttlMs = this.#leaseMs): boolean {
    if (this.#lease(key)?.token !== token) return false;
    this.#held.leases.set(key, { token, until: this.#clock.now() + ttlMs });
    return true;
  }

  /** Looks at the token, writes or deletes, and ends the lease in one step: nothing can change the key in between. */
  fill(key: string, entry: CacheEntry | undefined, { token, generations = "" }: Claim): boolean {
    if (this.#lease(key)?.token !== token) return false;
    if (entry === undefined) this.remove(key);
    // Without those that stood before the load began, which those of this moment do not stand for, it is not valid.
    else this.write(key, entry, generations);
    this.#wake(key);
    return true;
  }

  release(key: string, token: string): void {
    if (this.#lease(key)?.token !== token) return;
    this.#held.leases.delete(key);
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

  /** The generations that stand now for `key`. A record that is missing is made, with an epoch of its own. */
  generations(key: string): string {
    return generationsOf(scopesOf(key).map((scope) => this.#record(scope)));
  }

  invalidate({ scope, tags }: Invalidation): Generation {
    const record = this.#record(scope);
    const next = raised(record, tags === undefined ? "namespace" : "tags", this.#clock.now());
    const all = new Map([...record.tags, ...(tags ?? []).map((tag) => [tag, next.sequence] as const)]);
    this.#held.records.set(scope, { ...next, tags: all });
    return { epoch: next.epoch, sequence: next.sequence };
  }

  /** Forgets everything, generations and leases too, as a server does that is started anew without its data. */
  flush(): void {
    for (const held of Object.values(this.#held)) held.clear();
  }

  /** Forgets the entry, or the record of the namespace, of this name, as a server does that is full. */
  evict(name: string): void {
    this.#held.entries.delete(name);
    this.#held.records.delete(name);
  }

  /** A replica has all that the server has at this moment. */
  replicate(): void {
    const { entries, leases, records } = this.#held;
    this.#replica = { entries: new Map(entries), leases: new Map(leases), records: new Map(records) };
  }

  /** The replica takes over: what came after it was made is lost. */
  failover(): void {
    if (this.#replica === undefined) this.flush();
    else this.#held = this.#replica;
    this.replicate();
  }

  #isValid(key: string, { generations, tags = [] }: CacheEntry): boolean {
    const records = scopesOf(key).map((scope) => this.#held.records.get(scope));
    const validity = validityOf(generations, records, tags.length > 0);
    if (validity !== "ask") return validity === "valid";
    const carried = readGenerations(generations ?? "");
    return records.every((record, at) =>
      tags.every((tag) => (carried[at]?.sequence ?? 0) >= (record?.tags.get(tag) ?? 0)),
    );
  }

  #record(scope: string): ScopeRecord {
    const known = this.#held.records.get(scope);
    if (known !== undefined) return known;
    const made = { ...newRecord(this.#clock.now()), tags: new Map<string, number>() };
    this.#held.records.set(scope, made);
    return made;
  }

  #lease(key: string): Lease | undefined {
    const lease = this.#held.leases.get(key);
    return lease === undefined || lease.until <= this.#clock.now() ? undefined : lease;
  }

  #wake(key: string): void {
    for (const wake of [...(this.#waiting.get(key) ?? [])]) wake();
  }
}

/** What of an entry travels, the way bytes would: nothing is shared with the original. */
export function copyEntry({ value, tags, ...entry }: CacheEntry): CacheEntry {
  const { createdAt, freshUntil, keepUntil, etag, lastModified, generations } = entry;
  return {
    value: copyValue(value),
    createdAt,
    freshUntil,
    keepUntil,
    ...(tags !== undefined && { tags: [...tags] }),
    ...(etag !== undefined && { etag }),
    ...(lastModified !== undefined && { lastModified }),
    ...(generations !== undefined && { generations }),
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
