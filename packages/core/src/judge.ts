import { type Awaitable, type CacheEntry, isPromiseLike } from "./entry.js";
import { scopesOf } from "./scope.js";
import type { MarksCapability, ScopeMark } from "./store.js";
import { TagMarks } from "./tag-marks.js";

type Found = CacheEntry | undefined;

/** What is known of the namespaces of some keys; `undefined` where the store could not say. */
export type ScopeMarks = ReadonlyMap<string, ScopeMark> | undefined;

/** Judges entries by the marks of their namespaces and tags. */
export class Judge {
  readonly #marks: MarksCapability;
  readonly #tags: TagMarks;

  constructor(marks: MarksCapability) {
    this.#marks = marks;
    this.#tags = new TagMarks(marks);
  }

  /** Reads an entry and, in the same turn, the marks of its namespaces: a store can fetch both in one round trip. */
  judged(key: string, read: () => Awaitable<Found>): Awaitable<Found> {
    const found = read();
    const marks = this.read(scopesOf(key));
    if (isPromiseLike(found) || isPromiseLike(marks)) return this.#settled(key, found, marks);
    return this.judge(key, found, marks);
  }

  /** What is known of `scopes`. Never fails: what cannot be read is not known. */
  read(scopes: readonly string[]): Awaitable<ScopeMarks> {
    try {
      const read = this.#marks.read(scopes);
      if (!isPromiseLike(read)) return byScope(scopes, read);
      return Promise.resolve(read).then((marks) => byScope(scopes, marks), unknown);
    } catch {
      return undefined;
    }
  }

  /** `entry`, or nothing where it was invalidated since its load began, or the entry as stale where nobody can say. */
  judge(key: string, entry: Found, marks: ScopeMarks): Awaitable<Found> {
    if (entry === undefined) return undefined;
    if (marks === undefined) return asStale(entry);
    const scopes = scopesOf(key);
    if (scopes.some((scope) => entry.createdAt <= (marks.get(scope)?.clearedAt ?? Number.NEGATIVE_INFINITY)))
      return undefined;
    return this.#judgeTags(entry, scopes, marks);
  }

  judgeMany(keys: readonly string[], found: readonly Found[], marks: ScopeMarks): Promise<Found[]> {
    return Promise.all(keys.map((key, at) => this.judge(key, found[at], marks)));
  }

  async #settled(key: string, found: Awaitable<Found>, marks: Awaitable<ScopeMarks>): Promise<Found> {
    const entry = await found;
    return this.judge(key, entry, await marks);
  }

  #judgeTags(entry: CacheEntry, scopes: readonly string[], marks: NonNullable<ScopeMarks>): Awaitable<Found> {
    const { tags, createdAt } = entry;
    if (tags === undefined || tags.length === 0) return entry;
    // An entry younger than every invalidation of any tag is not looked at more closely.
    const suspect = scopes.filter((scope) => createdAt <= (marks.get(scope)?.taggedAt ?? Number.NEGATIVE_INFINITY));
    if (suspect.length === 0) return entry;
    const latest = suspect.map((scope) =>
      this.#tags.latest({ scope, tags, taggedAt: marks.get(scope)?.taggedAt ?? 0 }),
    );
    if (latest.some(isPromiseLike)) return this.#judgeLater(entry, latest);
    return (latest as number[]).some((at) => createdAt <= at) ? undefined : entry;
  }

  async #judgeLater(entry: CacheEntry, latest: readonly Awaitable<number>[]): Promise<Found> {
    try {
      return (await Promise.all(latest)).some((at) => entry.createdAt <= at) ? undefined : entry;
    } catch {
      return asStale(entry);
    }
  }
}

function byScope(scopes: readonly string[], marks: readonly ScopeMark[]): ScopeMarks {
  return new Map(scopes.map((scope, at) => [scope, marks[at] ?? NEVER]));
}

const NEVER: ScopeMark = { clearedAt: Number.NEGATIVE_INFINITY, taggedAt: Number.NEGATIVE_INFINITY };

function unknown(): undefined {
  return undefined;
}

/** Fresh up to its own beginning: never again, but served as stale where the policy allows that. */
function asStale(entry: CacheEntry): CacheEntry {
  return { ...entry, freshUntil: Math.min(entry.freshUntil, Math.ceil(entry.createdAt)) };
}
