import { type Awaitable, type CacheEntry, isPromiseLike } from "./entry.js";
import { CacheError } from "./errors.js";
import { TAG_LIFE_MS } from "./lifetime.js";
import type { CacheStore, Invalidation, MarksCapability, ScopeMark } from "./store.js";

/**
 * Marks for a store that keeps none: entries among its others, under keys that no cache makes for a value. Seen by
 * every node of the store. Such a store has no atomic maximum, so of two marks raised at the same instant by two
 * nodes the older may stand: the younger one's node checks once, and writes its own again.
 */
export function entryMarks(store: CacheStore): MarksCapability {
  return {
    read: (scopes) => inOrder(scopes.map((scope) => readScope(store, scope))),
    readTags: (scope, tags) => inOrder(tags.map((tag) => readTag(store, scope, tag))),
    raise: async (invalidation, atLeast) => {
      await raise(store, invalidation, atLeast);
      return raise(store, invalidation, atLeast);
    },
  };
}

/**
 * The key of a namespace's mark. It begins as the keys of values do, so that a rule about those covers it, and is none
 * of theirs, since those hold no brace.
 */
export function scopeMarkKey(scope: string): string {
  return `${scope.slice(0, scope.indexOf(":"))}:mark:{${scope}}`;
}

/** The key of a tag's mark: on a cluster in the slot of its namespace's mark. */
export function tagMarkKey(scope: string, tag: string): string {
  return `${scopeMarkKey(scope)}:${tag}`;
}

const NEVER: ScopeMark = { clearedAt: Number.NEGATIVE_INFINITY, taggedAt: Number.NEGATIVE_INFINITY };

/** What throws at once rejects, so that it does not leave the failures of those before it to nobody. */
function ask<T>(store: CacheStore, key: string, markOf: (found: CacheEntry | undefined) => T): Awaitable<T> {
  try {
    const found = store.get(key);
    return isPromiseLike(found) ? Promise.resolve(found).then(markOf) : markOf(found);
  } catch (error) {
    return Promise.reject(error as Error);
  }
}

function readScope(store: CacheStore, scope: string): Awaitable<ScopeMark> {
  return ask(store, scopeMarkKey(scope), scopeMarkOf);
}

function readTag(store: CacheStore, scope: string, tag: string): Awaitable<number> {
  return ask(store, tagMarkKey(scope, tag), tagMarkOf);
}

/** The mark is what an entry of its kind was created at: `value` says only what the namespace's stands for. */
function scopeMarkOf(found: CacheEntry | undefined): ScopeMark {
  if (found === undefined) return NEVER;
  if (typeof found.value !== "object" || found.value === null) {
    throw new CacheError("UNREADABLE", "The mark of a namespace cannot be read.");
  }
  return { ...NEVER, ...found.value };
}

function tagMarkOf(found: CacheEntry | undefined): number {
  return found?.createdAt ?? Number.NEGATIVE_INFINITY;
}

async function raise(store: CacheStore, { scope, tags }: Invalidation, at: number): Promise<number> {
  const known = await readScope(store, scope);
  if (tags === undefined) {
    await setScope(store, scope, { ...known, clearedAt: Math.max(known.clearedAt, at) });
    return Math.max(known.clearedAt, at);
  }
  await Promise.all(tags.map((tag) => raiseTag(store, { scope, tag, at })));
  const taggedAt = Math.max(known.taggedAt, at);
  await setScope(store, scope, { ...known, taggedAt });
  return at;
}

async function setScope(store: CacheStore, scope: string, mark: ScopeMark): Promise<void> {
  const createdAt = Math.max(mark.clearedAt, mark.taggedAt);
  const [freshUntil, keepUntil] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  // What never happened is left out, since not every serializer carries an infinity.
  const value = Object.fromEntries(Object.entries(mark).filter(([, at]) => Number.isFinite(at)));
  await store.set(scopeMarkKey(scope), { value, createdAt, freshUntil, keepUntil });
}

async function raiseTag(
  store: CacheStore,
  { scope, tag, at }: { scope: string; tag: string; at: number },
): Promise<void> {
  const known = await readTag(store, scope, tag);
  const createdAt = Math.max(known, at);
  const until = Math.ceil(createdAt + TAG_LIFE_MS);
  await store.set(tagMarkKey(scope, tag), { value: null, createdAt, freshUntil: until, keepUntil: until });
}

function inOrder<T>(answers: ReadonlyArray<Awaitable<T>>): Awaitable<readonly T[]> {
  return answers.some(isPromiseLike) ? Promise.all(answers) : (answers as readonly T[]);
}
