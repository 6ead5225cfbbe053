import { type Awaitable, andThen, type CacheEntry, isPromiseLike } from "./entry.js";
import { isValid, KeptGenerations, type Records } from "./kept-generations.js";
import { scopesOf } from "./scope.js";
import {
  type Admit,
  type CacheStore,
  type LeaseAnswer,
  type LeasesCapability,
  type ManyCapability,
  traitsOf,
} from "./store.js";

/**
 * `store`, giving out nothing that was invalidated since its load began. One that does not judge its entries itself keeps
 * the generations of its namespaces as entries among the others. It has no atomic step for that: of two invalidations of
 * one namespace that two processes make at the same moment, one may be lost.
 */
export function withGenerations(store: CacheStore): CacheStore {
  if (store.invalidate !== undefined) return store;
  const kept = new KeptGenerations(store);
  const { many, leases, remote } = store;
  return {
    ...traitsOf(store),
    get: (key, now, admit) => judge(store.get(key, now, admit), kept.read(scopesOf(key))),
    set: (key, entry, options) =>
      andThen(kept.carriedBy(key, entry, options), (carried) => store.set(key, carried, options)),
    delete: (key) => store.delete(key),
    invalidate: (invalidation) => kept.raise(invalidation),
    generations: (key) => kept.current(key),
    ...(many !== undefined && { many: judgedMany(many, kept) }),
    ...(leases !== undefined && { leases: judgedLeases(leases, kept) }),
    ...(remote !== undefined && { remote }),
    // A store may be an object of a class: its methods are called on it.
    ...(store.walk !== undefined && { walk: store.walk.bind(store) }),
    ...(store.health !== undefined && { health: store.health.bind(store) }),
    ...(store.ready !== undefined && { ready: store.ready.bind(store) }),
    ...(store.on !== undefined && { on: store.on.bind(store) }),
    ...(store.close !== undefined && { close: store.close.bind(store) }),
  };
}

function judgedMany(many: ManyCapability, kept: KeptGenerations): ManyCapability {
  return {
    async get(keys, now, admit) {
      const reading = many.get(keys, now, admit);
      // Once: a list that is asked for again may be another one, since only so many namespaces are remembered.
      const lists = keys.map(scopesOf);
      const records = new Map([...new Set(lists)].map((scopes) => [scopes, kept.read(scopes)] as const));
      const [found] = await Promise.all([reading, ...records.values()]);
      return Promise.all(found.map((entry, at) => judge(entry, records.get(lists[at] ?? []) ?? [])));
    },
    async set(entries, options) {
      // They are written later than they were asked for, and their caller may change the values meanwhile.
      const own = entries.map(
        ([key, entry]) => [key, { ...entry, value: kept.values.takeForLater(entry.value) }] as const,
      );
      const lists = [...new Set(entries.map(([key]) => scopesOf(key)))];
      const current = new Map(
        await Promise.all(lists.map(async (scopes) => [scopes, await kept.currentOf(scopes)] as const)),
      );
      const carried = own.map(([key, entry]) => {
        const generations = options?.generations ?? current.get(scopesOf(key));
        return [key, { ...entry, generations }] as const;
      });
      await many.set(carried, options);
    },
    delete: (keys) => many.delete(keys),
  };
}

function judgedLeases(leases: LeasesCapability, kept: KeptGenerations): LeasesCapability {
  const acquire = async (key: string, token: string, admit?: Admit): Promise<LeaseAnswer> => {
    // Before the question: what the answer brings was written by then, and what is loaded begins after it.
    const generations = await kept.current(key);
    const answer = await leases.acquire(key, token, admit);
    return {
      ...answer,
      ...(answer.type === "granted" && { generations }),
      entry: await judge(answer.entry, kept.read(scopesOf(key))),
    };
  };
  return {
    ttlMs: leases.ttlMs,
    acquire,
    renew: (key, token, ms) => leases.renew(key, token, ms),
    fill: (key, entry, claim) => leases.fill(key, entry && { ...entry, generations: claim.generations }, claim),
    release: (key, token) => leases.release(key, token),
    watch: (key, wake) => leases.watch(key, wake),
  };
}

/** What was found, if it is valid by `records`. */
function judge(
  found: Awaitable<CacheEntry | undefined>,
  records: Awaitable<Records>,
): Awaitable<CacheEntry | undefined> {
  if (isPromiseLike(found) || isPromiseLike(records))
    return Promise.all([found, records]).then(([entry, known]) => (isValid(entry, known) ? entry : undefined));
  return isValid(found, records) ? found : undefined;
}
