import type { CacheEntry } from "./entry.js";
import { scopesOf } from "./scope.js";
import type { Invalidation } from "./store.js";

/** Marks of more tags than this in one namespace are folded into one that stands for the oldest of them. */
const MOST_TAGS = 10_000;
const NEVER = Number.NEGATIVE_INFINITY;

interface ScopeMarks {
  clearedAt: number;
  /** The latest mark that was folded away: an entry with tags that is not younger may have carried that tag. */
  foldedAt: number;
  readonly tags: Map<string, number>;
}

/**
 * The marks that a store in this process knows. Each is a max-register: it only ever rises, so that marks may come
 * in any order and any number of times. Bounded: what is forgotten counts against an entry, never for it.
 */
export class MarkRegistry {
  /** The latest of all marks. An entry that is younger need not be looked at. */
  newestAt = NEVER;
  readonly #scopes = new Map<string, ScopeMarks>();

  /** Raises the mark of the namespace, or of the tags in it, to `at`. */
  raise({ scope, tags }: Invalidation, at: number): void {
    const marks = this.#scopes.get(scope) ?? { clearedAt: NEVER, foldedAt: NEVER, tags: new Map() };
    this.#scopes.set(scope, marks);
    this.newestAt = Math.max(this.newestAt, at);
    if (tags === undefined) marks.clearedAt = Math.max(marks.clearedAt, at);
    else for (const tag of tags) raiseTag(marks, tag, at);
  }

  /** Whether nothing has invalidated `entry` since the load that made it began. */
  permits(key: string, entry: CacheEntry): boolean {
    return entry.createdAt > this.newestAt || entry.createdAt > this.latest(entry.scopes ?? scopesOf(key), entry.tags);
  }

  /** The latest instant at which one of the namespaces, or one of the tags in them, was invalidated. */
  latest(scopes: readonly string[], tags: readonly string[] | undefined): number {
    let latest = NEVER;
    for (const scope of scopes) {
      const marks = this.#scopes.get(scope);
      if (marks !== undefined) latest = Math.max(latest, marks.clearedAt, latestOfTags(marks, tags));
    }
    return latest;
  }
}

function raiseTag(marks: ScopeMarks, tag: string, at: number): void {
  const raised = Math.max(marks.tags.get(tag) ?? NEVER, at);
  // Set anew, so that the tags stand in the order in which they were last raised, and the first is the one to fold.
  marks.tags.delete(tag);
  marks.tags.set(tag, raised);
  const [oldest] = marks.tags;
  if (marks.tags.size <= MOST_TAGS || oldest === undefined) return;
  marks.tags.delete(oldest[0]);
  marks.foldedAt = Math.max(marks.foldedAt, oldest[1]);
}

function latestOfTags(marks: ScopeMarks, tags: readonly string[] | undefined): number {
  if (tags === undefined || tags.length === 0) return NEVER;
  let latest = marks.foldedAt;
  for (const tag of tags) latest = Math.max(latest, marks.tags.get(tag) ?? NEVER);
  return latest;
}
