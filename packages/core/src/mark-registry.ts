import type { CacheEntry } from "./entry.js";
import { scopesOf } from "./scope.js";
import type { Invalidation } from "./store.js";

/** Marks of more tags than this in one namespace are folded into one that stands for the oldest of them. */
const MOST_TAGS = 10_000;
/** Namespaces beyond this many are folded as well: the least recently made first. */
const MOST_SCOPES = 10_000;
const NEVER = Number.NEGATIVE_INFINITY;

interface ScopeMarks {
  clearedAt: number;
  /** The latest mark of any tag: a younger entry need not be asked for its tags. */
  taggedAt: number;
  /** The latest mark that was folded away: an entry with tags that is not younger may have carried that tag. */
  foldedAt: number;
  readonly tags: Map<string, number>;
}

/** What a mark can meet an entry by. */
type Judged = Pick<CacheEntry, "createdAt" | "tags">;

/**
 * The marks that a store in this process knows. Each is a max-register: it only ever rises, so that marks may come
 * in any order and any number of times. Bounded: what is forgotten counts against an entry, never for it.
 */
export class MarkRegistry {
  /** Goes up with every mark: what was permitted is permitted as long as it stays the same. */
  version = 0;
  readonly #scopes = new Map<string, ScopeMarks>();
  /** The latest of all marks. */
  #newestAt = NEVER;
  /** The latest mark of a namespace that was folded away. */
  #foldedAt = NEVER;
  #lastScopes: readonly string[] | undefined;
  #lastMarks: readonly ScopeMarks[] = [];

  /** Raises the mark of the namespace, or of the tags in it, to `at`. */
  raise({ scope, tags }: Invalidation, at: number): void {
    this.version += 1;
    const marks = this.#scopes.get(scope) ?? { clearedAt: NEVER, taggedAt: NEVER, foldedAt: NEVER, tags: new Map() };
    this.#scopes.set(scope, marks);
    if (this.#scopes.size > MOST_SCOPES) this.#foldOldest();
    this.#lastScopes = undefined;
    this.#newestAt = Math.max(this.#newestAt, at);
    if (tags === undefined) marks.clearedAt = Math.max(marks.clearedAt, at);
    else for (const tag of tags) raiseTag(marks, tag, at);
  }

  /** Whether nothing has invalidated `entry` since the load that made it began. Every hit in memory asks this. */
  permits(key: string, entry: Judged): boolean {
    if (entry.createdAt > this.#newestAt) return true;
    if (entry.createdAt <= this.#foldedAt) return false;
    const marks = this.#marksOf(scopesOf(key));
    for (let at = 0; at < marks.length; at += 1) if (!permitsIn(marks[at] as ScopeMarks, entry)) return false;
    return true;
  }

  /** Whether a mark that is known meets `entry`. One that was folded away does not count, as it may have been another's. */
  meets(key: string, entry: CacheEntry): boolean {
    if (entry.createdAt > this.#newestAt) return false;
    return this.#marksOf(scopesOf(key)).some((marks) => isMet(marks, entry));
  }

  #foldOldest(): void {
    const [oldest] = this.#scopes;
    if (oldest === undefined) return;
    const [scope, { clearedAt, taggedAt }] = oldest;
    this.#scopes.delete(scope);
    this.#foldedAt = Math.max(this.#foldedAt, clearedAt, taggedAt);
  }

  /** The marks of the namespaces that have any. Entries of one namespace share one list of them, so the last is kept. */
  #marksOf(scopes: readonly string[]): readonly ScopeMarks[] {
    if (scopes === this.#lastScopes) return this.#lastMarks;
    this.#lastMarks = scopes.flatMap((scope) => this.#scopes.get(scope) ?? []);
    this.#lastScopes = scopes;
    return this.#lastMarks;
  }
}

function permitsIn(marks: ScopeMarks, entry: Judged): boolean {
  if (isMet(marks, entry)) return false;
  const { createdAt, tags } = entry;
  return tags === undefined || tags.length === 0 || createdAt > marks.foldedAt;
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

function raiseTag(marks: ScopeMarks, tag: string, at: number): void {
  const raised = Math.max(marks.tags.get(tag) ?? NEVER, at);
  // Set anew, so that the tags stand in the order in which they were last raised, and the first is the one to fold.
  marks.tags.delete(tag);
  marks.tags.set(tag, raised);
  marks.taggedAt = Math.max(marks.taggedAt, raised);
  const [oldest] = marks.tags;
  if (marks.tags.size <= MOST_TAGS || oldest === undefined) return;
  marks.tags.delete(oldest[0]);
  marks.foldedAt = Math.max(marks.foldedAt, oldest[1]);
}
