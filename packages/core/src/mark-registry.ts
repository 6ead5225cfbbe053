import type { CacheEntry } from "./entry.js";
import { scopesOf } from "./scope.js";
import type { Invalidation } from "./store.js";

/** Beyond this many marks, of namespaces and of tags in all of them, the older half is forgotten. */
const MOST_MARKS = 20_000;
const NEVER = Number.NEGATIVE_INFINITY;

interface ScopeMarks {
  clearedAt: number;
  /** The latest mark of any tag: a younger entry need not be asked for its tags. */
  taggedAt: number;
  readonly tags: Map<string, number>;
}

/** What a mark can meet an entry by. */
type Judged = Pick<CacheEntry, "createdAt" | "tags">;

/** What marks are forgotten by. */
export interface MarkRegistryOptions {
  /** Beyond this many the older half is forgotten. Default: 20,000. */
  readonly mostMarks?: number;
  /**
   * Called before marks are forgotten: whoever holds entries drops those that are not permitted. So what is forgotten has
   * done its work, and no entry is lost that nothing has invalidated. Without it, each entry that is as old as a mark that
   * was forgotten is not permitted any more.
   */
  readonly forgetting?: () => void;
}

/**
 * The marks that a store in this process knows. Each is a max-register: it only ever rises, so that marks may come
 * in any order and any number of times. Bounded over all namespaces.
 */
export class MarkRegistry {
  /** Goes up with every mark: what was permitted is permitted as long as it stays the same. */
  version = 0;
  /** In the order in which they were last raised. */
  readonly #scopes = new Map<string, ScopeMarks>();
  readonly #mostMarks: number;
  readonly #forgetting: (() => void) | undefined;
  #size = 0;
  /** The latest mark that was forgotten without a word. */
  #forgottenAt = NEVER;
  /** The latest of all marks. */
  #newestAt = NEVER;
  #lastScopes: readonly string[] | undefined;
  #lastMarks: readonly ScopeMarks[] = [];

  constructor({ mostMarks = MOST_MARKS, forgetting }: MarkRegistryOptions = {}) {
    this.#mostMarks = mostMarks;
    this.#forgetting = forgetting;
  }

  /** How many namespaces and tags have a mark. */
  get size(): number {
    return this.#size;
  }

  /** Raises the mark of the namespace, or of the tags in it, to `at`. */
  raise({ scope, tags }: Invalidation, at: number): void {
    this.version += 1;
    const marks = this.#scopes.get(scope) ?? this.#newMarks();
    this.#scopes.delete(scope);
    this.#scopes.set(scope, marks);
    this.#lastScopes = undefined;
    this.#newestAt = Math.max(this.#newestAt, at);
    if (tags === undefined) marks.clearedAt = Math.max(marks.clearedAt, at);
    else for (const tag of tags) this.#raiseTag(marks, tag, at);
    if (this.#size > this.#mostMarks) this.#forgetOlder();
  }

  /** Whether nothing has invalidated `entry` since the load that made it began. Every hit in memory asks this. */
  permits(key: string, entry: Judged): boolean {
    if (entry.createdAt > this.#newestAt) return true;
    if (entry.createdAt <= this.#forgottenAt) return false;
    const marks = this.#marksOf(scopesOf(key));
    for (let at = 0; at < marks.length; at += 1) if (isMet(marks[at] as ScopeMarks, entry)) return false;
    return true;
  }

  #newMarks(): ScopeMarks {
    this.#size += 1;
    return { clearedAt: NEVER, taggedAt: NEVER, tags: new Map() };
  }

  #raiseTag(marks: ScopeMarks, tag: string, at: number): void {
    const known = marks.tags.get(tag);
    if (known === undefined) this.#size += 1;
    marks.tags.set(tag, Math.max(known ?? NEVER, at));
    marks.taggedAt = Math.max(marks.taggedAt, at);
  }

  /** A namespace goes with its tags, so that one with very many may be forgotten whole. */
  #forgetOlder(): void {
    this.#forgetting?.();
    for (const [scope, { clearedAt, taggedAt, tags }] of this.#scopes) {
      if (this.#size <= this.#mostMarks / 2) return;
      if (this.#forgetting === undefined) this.#forgottenAt = Math.max(this.#forgottenAt, clearedAt, taggedAt);
      this.#scopes.delete(scope);
      this.#size -= 1 + tags.size;
    }
  }

  /** The marks of the namespaces that have any. Entries of one namespace share one list of them, so the last is kept. */
  #marksOf(scopes: readonly string[]): readonly ScopeMarks[] {
    if (scopes === this.#lastScopes) return this.#lastMarks;
    this.#lastMarks = scopes.flatMap((scope) => this.#scopes.get(scope) ?? []);
    this.#lastScopes = scopes;
    return this.#lastMarks;
  }
}

function isMet({ clearedAt, taggedAt, tags: marks }: ScopeMarks, { createdAt, tags }: Judged): boolean {
  if (createdAt <= clearedAt) return true;
  if (tags === undefined || createdAt > taggedAt) return false;
  for (let at = 0; at < tags.length; at += 1) {
    const markedAt = marks.get(tags[at] as string);
    if (markedAt !== undefined && createdAt <= markedAt) return true;
  }
  return false;
}
