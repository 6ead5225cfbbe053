import { type Awaitable, type CacheEntry, isPromiseLike } from "./entry.js";
import { scopesOf } from "./scope.js";
import type { MarksCapability, ScopeMark } from "./store.js";
import { TagMarks } from "./tag-marks.js";

type Found = CacheEntry | undefined;

/** What is known of the namespaces of a key, in their order; `undefined` where the store could not say. */
export type ScopeMarks = readonly ScopeMark[] | undefined;

/** Judges entries by the marks of their namespaces and tags. */
export class Judge {
  readonly #marks: MarksCapability;
  readonly #tags: TagMarks;
  /** The marks that were asked for last: all reads of one turn share them. */
  #asked: Asked | undefined;

  constructor(marks: MarksCapability) {
    this.#marks = marks;
    this.#tags = new TagMarks(marks);
  }

  /** Reads an entry and, in the same turn, the marks of its namespaces: a store can fetch both in one round trip. */
  judged(key: string, read: () => Awaitable<Found>): Awaitable<Found> {
    const scopes = scopesOf(key);
    const found = read();
    const marks = this.read(scopes);
    if (isPromiseLike(found) || isPromiseLike(marks)) return this.#settled(scopes, found, marks);
    return this.judge(found, scopes, marks);
  }

  /** As `judged`, for many keys, which mostly share their namespaces. */
  async judgedMany(keys: readonly string[], read: () => Awaitable<readonly Found[]>): Promise<readonly Found[]> {
    const reading = read();
    // Once: a list that is asked for again may be another one, since only so many namespaces are remembered.
    const listOf = keys.map((key) => scopesOf(key));
    const lists = distinct(listOf);
    const marks = lists.map((scopes) => this.read(scopes));
    const found = await reading;
    const known = await Promise.all(marks);
    const newestAt = newestOf(known);
    // Mostly nothing was invalidated since any of them was made, and none has to be looked at more closely.
    if (found.every((entry) => entry === undefined || entry.createdAt > newestAt)) return found;
    const byScopes = new Map(lists.map((scopes, at) => [scopes, known[at]]));
    return Promise.all(
      found.map((entry, at) => {
        const scopes = listOf[at] ?? [];
        return this.judge(entry, scopes, byScopes.get(scopes));
      }),
    );
  }

  /** What is known of `scopes`. Never fails: what cannot be read is not known. */
  read(scopes: readonly string[]): Awaitable<ScopeMarks> {
    try {
      const read = this.#marks.read(scopes);
      if (!isPromiseLike(read)) return read;
      if (this.#asked?.read !== read) this.#asked = new Asked(read);
      return this.#asked.marks;
    } catch {
      return undefined;
    }
  }

  /** `entry`, or nothing where it was invalidated since its load began, or the entry as stale where nobody can say. */
  judge(entry: Found, scopes: readonly string[], marks: ScopeMarks): Awaitable<Found> {
    if (entry === undefined) return undefined;
    if (marks === undefined) return asStale(entry);
    const { createdAt, tags } = entry;
    if (marks.some(({ clearedAt }) => createdAt <= clearedAt)) return undefined;
    // An entry younger than every invalidation of any tag is not looked at more closely.
    if (tags === undefined || tags.length === 0 || marks.every(({ taggedAt }) => createdAt > taggedAt)) return entry;
    return this.#judgeTags({ ...entry, tags }, scopes, marks);
  }

  async #settled(scopes: readonly string[], found: Awaitable<Found>, marks: Awaitable<ScopeMarks>): Promise<Found> {
    const asked = this.#asked;
    const entry = await found;
    // Of the entries of one turn all but the first come when the marks are there.
    const known = asked !== undefined && asked.marks === marks && asked.isAnswered ? asked.answer : await marks;
    return this.judge(entry, scopes, known);
  }

  #judgeTags(entry: Tagged, scopes: readonly string[], marks: readonly ScopeMark[]): Awaitable<Found> {
    const latest = marks.map(({ taggedAt }, at) =>
      entry.createdAt > taggedAt
        ? Number.NEGATIVE_INFINITY
        : this.#tags.latest({ scope: scopes[at] ?? "", tags: entry.tags, taggedAt }),
    );
    if (latest.some(isPromiseLike)) return this.#judgeLater(entry, latest);
    return (latest as number[]).some((at) => entry.createdAt <= at) ? undefined : entry;
  }

  async #judgeLater(entry: CacheEntry, latest: readonly Awaitable<number>[]): Promise<Found> {
    try {
      return (await Promise.all(latest)).some((at) => entry.createdAt <= at) ? undefined : entry;
    } catch {
      // Some tag was invalidated since, and it may be one of these: not even a stale value may be given then.
      return undefined;
    }
  }
}

/** Those lists that keys share only once. Neighbours mostly do. */
function distinct(lists: ReadonlyArray<readonly string[]>): ReadonlyArray<readonly string[]> {
  return [...new Set(lists.filter((scopes, at) => scopes !== lists[at - 1]))];
}

/** The latest of all marks; what is not known could be later than anything. */
function newestOf(known: readonly ScopeMarks[]): number {
  const instants = known.flatMap(
    (marks) => marks?.flatMap(({ clearedAt, taggedAt }) => [clearedAt, taggedAt]) ?? Infinity,
  );
  return Math.max(Number.NEGATIVE_INFINITY, ...instants);
}

/** Marks that a store was asked for. */
class Asked {
  readonly read: Promise<ScopeMarks>;
  /** What the store says; what cannot be read is not known. */
  readonly marks: Promise<ScopeMarks>;
  isAnswered = false;
  answer: ScopeMarks;

  constructor(read: Promise<ScopeMarks>) {
    this.read = read;
    this.marks = read.then(
      (answer) => this.#answered(answer),
      () => this.#answered(undefined),
    );
  }

  #answered(answer: ScopeMarks): ScopeMarks {
    this.isAnswered = true;
    this.answer = answer;
    return answer;
  }
}

type Tagged = CacheEntry & { readonly tags: readonly string[] };

/** Fresh up to its own beginning: never again, but served as stale where the policy allows that. */
function asStale(entry: CacheEntry): CacheEntry {
  return { ...entry, freshUntil: Math.min(entry.freshUntil, Math.ceil(entry.createdAt)) };
}
