import { type CacheEntry, type Invalidation, scopesOf } from "@granary/core";

/** Names of keys, tags and namespaces, and the bytes that they may take. */
const MOST_NAMES = 10_000;
const MOST_BYTES = 4_000_000;
/** What a name takes beside its text. */
const BYTES_A_NAME = 100;

/** When something was changed, by the clock and by the count of changes. */
interface Change {
  at: number;
  version: number;
}

interface ScopeChange extends Change {
  isCleared: boolean;
  readonly tags: Set<string>;
}

/**
 * Which keys were changed, and what was invalidated: names only, and when. Beyond the bound the namespace of what is
 * oldest counts as cleared, which hides more, and loses nothing.
 */
export class Changes {
  /** Goes up with every change that is added. */
  version = 0;
  /** In the order in which they were changed. */
  readonly #keys = new Map<string, Change>();
  readonly #scopes = new Map<string, ScopeChange>();
  readonly #forgotten: (scope: string) => void;
  #listed: readonly Invalidation[] | undefined;
  #names = 0;
  #bytes = 0;

  /** `forgotten` hears of a namespace that is dropped, since there are too many even of these. */
  constructor(forgotten: (scope: string) => void) {
    this.#forgotten = forgotten;
  }

  /** How many keys, tags and namespaces. */
  get size(): number {
    return this.#names;
  }

  get keys(): readonly string[] {
    return [...this.#keys.keys()];
  }

  get invalidations(): readonly Invalidation[] {
    // Every read of far asks for them, as long as there are any.
    this.#listed ??= [...this.#scopes].flatMap(([scope, { isCleared, tags }]): Invalidation[] => [
      ...(isCleared ? [{ scope }] : []),
      ...(tags.size > 0 ? [{ scope, tags: [...tags] }] : []),
    ]);
    return this.#listed;
  }

  /** Whether `key` was changed. */
  has(key: string): boolean {
    return this.#keys.has(key);
  }

  /** Whether it is among them what `entry`, under `key`, was before it was changed or invalidated. */
  covers(key: string, entry: Pick<CacheEntry, "tags"> | undefined): boolean {
    if (this.#names === 0) return false;
    if (this.#keys.has(key)) return true;
    return scopesOf(key).some((scope) => {
      const change = this.#scopes.get(scope);
      return change !== undefined && (change.isCleared || entry?.tags?.some((tag) => change.tags.has(tag)) === true);
    });
  }

  add(key: string, at: number): void {
    this.delete(key);
    this.version += 1;
    this.#keys.set(key, { at, version: this.version });
    this.#count(key, 1);
    this.#fold();
  }

  addInvalidation({ scope, tags }: Invalidation, at: number): void {
    const change = this.#scopeChange(scope, at);
    if (tags === undefined) change.isCleared = true;
    else for (const tag of tags) this.#addTag(change, tag);
    this.#fold();
  }

  /** Whether it was among them. A change that came after `version` stays. */
  delete(key: string, version = this.version): boolean {
    const change = this.#keys.get(key);
    if (change === undefined || change.version > version) return false;
    this.#count(key, -1);
    return this.#keys.delete(key);
  }

  /** As `delete`. */
  deleteInvalidation({ scope, tags }: Invalidation, version: number): void {
    const change = this.#scopes.get(scope);
    if (change === undefined || change.version > version) return;
    this.#listed = undefined;
    if (tags === undefined) change.isCleared = false;
    for (const tag of tags ?? []) this.#deleteTag(change, tag);
    if (!change.isCleared && change.tags.size === 0) this.#dropScope(scope, change);
  }

  /** Forgets what was changed before `at`. */
  forgetBefore(at: number): void {
    for (const [key, change] of this.#keys) {
      if (change.at >= at) break;
      this.delete(key);
    }
    for (const [scope, change] of this.#scopes) {
      if (change.at >= at) break;
      this.#dropScope(scope, change);
    }
  }

  /** Adds all of these to `others`, and keeps none. */
  moveTo(others: Changes, at: number): void {
    for (const key of this.keys) others.add(key, at);
    for (const invalidation of this.invalidations) others.addInvalidation(invalidation, at);
    this.forgetBefore(Number.POSITIVE_INFINITY);
  }

  #scopeChange(scope: string, at: number): ScopeChange {
    this.#listed = undefined;
    const known = this.#scopes.get(scope);
    if (known === undefined) this.#count(scope, 1);
    const change = known ?? { isCleared: false, tags: new Set<string>(), at, version: 0 };
    // A key that stands for its namespace from now on may have been changed before that was.
    change.at = Math.max(change.at, at);
    this.version += 1;
    change.version = this.version;
    this.#scopes.delete(scope);
    this.#scopes.set(scope, change);
    return change;
  }

  #addTag({ tags }: ScopeChange, tag: string): void {
    if (tags.has(tag)) return;
    tags.add(tag);
    this.#count(tag, 1);
  }

  #deleteTag({ tags }: ScopeChange, tag: string): void {
    if (tags.delete(tag)) this.#count(tag, -1);
  }

  #dropScope(scope: string, { tags }: ScopeChange): void {
    this.#listed = undefined;
    for (const tag of tags) this.#count(tag, -1);
    this.#scopes.delete(scope);
    this.#count(scope, -1);
  }

  #count(name: string, sign: 1 | -1): void {
    this.#names += sign;
    this.#bytes += sign * (2 * name.length + BYTES_A_NAME);
  }

  #fold(): void {
    while (this.#names > MOST_NAMES || this.#bytes > MOST_BYTES) this.#foldOldest();
  }

  /** Keys go first, then tags; of namespaces the outermost counts for those in it, and only those are forgotten. */
  #foldOldest(): void {
    const [first] = this.#keys;
    if (first !== undefined) {
      const [key, { at }] = first;
      return this.#clearInstead(() => this.delete(key), scopesOf(key).at(-1), at);
    }
    const [oldest] = this.#scopes;
    if (oldest === undefined) return;
    const [scope, change] = oldest;
    const [root] = scopesOf(`${scope}:`);
    if (change.tags.size > 0) return this.#clearInstead(() => this.#dropScope(scope, change), scope, change.at);
    if (root !== scope) return this.#clearInstead(() => this.#dropScope(scope, change), root, change.at);
    this.#dropScope(scope, change);
    this.#forgotten(scope);
  }

  #clearInstead(drop: () => unknown, scope: string | undefined, at: number): void {
    drop();
    if (scope !== undefined) this.#scopeChange(scope, at).isCleared = true;
  }
}
