import { type Awaitable, type CacheEntry, isPromiseLike } from "./entry.js";
import { CacheError, isCacheError } from "./errors.js";
import { type GenerationRecord, generationsOf, newRecord, raised, readGenerations, validityOf } from "./generations.js";
import { OwnValues } from "./own-values.js";
import { processWide } from "./process-wide.js";
import { scopesOf } from "./scope.js";
import {
  type Admit,
  type CacheStore,
  type Invalidation,
  type LeaseAnswer,
  type LeasesCapability,
  type ManyCapability,
  traitsOf,
  type WriteOptions,
} from "./store.js";
import { Turns } from "./turns.js";

/** Tags of one namespace that are remembered. Beyond these the one that was invalidated first is forgotten. */
const MOST_TAGS = 1_000;

/** A record with the sequences of its tags, which are so lost together. */
interface KeptRecord extends GenerationRecord {
  /** Up to here tags may be missing. */
  readonly since: number;
  readonly tags: ReadonlyArray<readonly [tag: string, sequence: number]>;
}

/** Changes of the records of a store, whoever in this process makes them. */
const turnsOf = processWide("turns of generations", () => new WeakMap<CacheStore, Turns>());

type Found = CacheEntry | undefined;
type Records = ReadonlyArray<KeptRecord | undefined>;

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
      then(kept.carriedBy(key, entry, options), (carried) => store.set(key, carried, options)),
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

/** The key under which such a store keeps the record of a namespace. No key of a value holds a brace. */
export function generationKey(scope: string): string {
  return `${scope.slice(0, scope.indexOf(":"))}:generation:{${scope}}`;
}

function judgedMany(many: ManyCapability, kept: KeptGenerations): ManyCapability {
  return {
    async get(keys, now, admit) {
      const reading = many.get(keys, now, admit);
      // Once: a list that is asked for again may be another one, since only so many namespaces are remembered.
      const lists = keys.map(scopesOf);
      const records = new Map([...new Set(lists)].map((scopes) => [scopes, kept.read(scopes)] as const));
      const found = await reading;
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
function judge(found: Awaitable<Found>, records: Awaitable<Records>): Awaitable<Found> {
  if (isPromiseLike(found) || isPromiseLike(records))
    return Promise.all([found, records]).then(([entry, known]) => (isValid(entry, known) ? entry : undefined));
  return isValid(found, records) ? found : undefined;
}

function isValid(entry: Found, records: Records): boolean {
  if (entry === undefined) return false;
  const { generations, tags = [] } = entry;
  const validity = validityOf(generations, records, tags.length > 0);
  if (validity !== "ask") return validity === "valid";
  const carried = readGenerations(generations ?? "");
  return records.every((record, at) => {
    const sequence = carried[at]?.sequence ?? 0;
    if (record === undefined || sequence >= record.tagged) return true;
    return sequence >= record.since && !record.tags.some(([tag, last]) => sequence < last && tags.includes(tag));
  });
}

/** The records of a store that has no step of its own for them. */
class KeptGenerations {
  readonly values: OwnValues;
  readonly #store: CacheStore;
  readonly #turns: Turns;

  constructor(store: CacheStore) {
    this.values = new OwnValues(store);
    this.#store = store;
    this.#turns = turnsOf.get(store) ?? new Turns();
    turnsOf.set(store, this.#turns);
  }

  /** The records of `scopes`, as far as there are any. */
  read(scopes: readonly string[]): Awaitable<Records> {
    const records = scopes.map((scope) => this.#recordOf(scope));
    return records.some(isPromiseLike) ? Promise.all(records) : (records as Records);
  }

  /** The generations that stand now. A record that is missing is made. */
  current(key: string): Awaitable<string> {
    return this.currentOf(scopesOf(key));
  }

  currentOf(scopes: readonly string[]): Awaitable<string> {
    return then(this.#readable(scopes), (records) => {
      const made = records.map(
        (record, at) => record ?? this.#change(scopes[at] as string, (found) => found ?? newKept()),
      );
      return made.some(isPromiseLike)
        ? Promise.all(made).then(generationsOf)
        : generationsOf(made as readonly KeptRecord[]);
    });
  }

  /** `entry` with the generations of this moment, unless it is given those that stood before its load began. */
  carriedBy(key: string, entry: CacheEntry, { generations }: WriteOptions = {}): Awaitable<CacheEntry> {
    const current = generations ?? this.current(key);
    if (!isPromiseLike(current)) return { ...entry, generations: current };
    // It is written later than it was asked for, and its caller may change the value meanwhile.
    const value = this.values.takeForLater(entry.value);
    return current.then((given) => ({ ...entry, value, generations: given }));
  }

  raise({ scope, tags }: Invalidation): Awaitable<KeptRecord> {
    return this.#change(scope, (found = newKept()) => {
      const record = { ...found, ...raised(found, tags === undefined ? "namespace" : "tags", Date.now()) };
      return tags === undefined ? record : tagged(record, tags);
    });
  }

  /** Writes what `next` makes of the record. Of two changes in this process the second sees what the first has written. */
  #change(scope: string, next: (found: KeptRecord | undefined) => KeptRecord): Awaitable<KeptRecord> {
    const step = (): Awaitable<KeptRecord> =>
      then(this.#readable([scope]), ([found]) => {
        const record = next(found);
        return record === found ? record : then(this.#write(scope, record), () => record);
      });
    if (this.#turns.isTaken(scope)) return this.#turns.take([scope], async () => step());
    const answer = step();
    return isPromiseLike(answer) ? this.#turns.take([scope], () => answer) : answer;
  }

  /** As `read`: what cannot be read is made anew. */
  #readable(scopes: readonly string[]): Awaitable<Records> {
    const lenient = (error: unknown): undefined => {
      if (!isCacheError(error, "UNREADABLE")) throw error;
    };
    const records = scopes.map((scope) => {
      try {
        const record = this.#recordOf(scope);
        return isPromiseLike(record) ? record.catch(lenient) : record;
      } catch (error) {
        return lenient(error);
      }
    });
    return records.some(isPromiseLike) ? Promise.all(records) : (records as Records);
  }

  #recordOf(scope: string): Awaitable<KeptRecord | undefined> {
    return then(this.#store.get(generationKey(scope)), recordIn);
  }

  #write(scope: string, value: KeptRecord): Awaitable<unknown> {
    const never = Number.POSITIVE_INFINITY;
    return this.#store.set(generationKey(scope), { value, createdAt: 0, freshUntil: never, keepUntil: never });
  }
}

function newKept(): KeptRecord {
  return { ...newRecord(Date.now()), since: 0, tags: [] };
}

/** `record`, whose tags were invalidated at its sequence. Those that were invalidated first make room. */
function tagged(record: KeptRecord, tags: readonly string[]): KeptRecord {
  const others = record.tags.filter(([tag]) => !tags.includes(tag));
  const all = [...others, ...tags.map((tag) => [tag, record.sequence] as const)];
  const dropped = all.slice(0, Math.max(0, all.length - MOST_TAGS));
  const since = Math.max(record.since, ...dropped.map(([, sequence]) => sequence));
  return { ...record, since, tags: all.slice(dropped.length) };
}

/** What cannot be read counts as lost: everything that carries its generation is hidden. */
function recordIn(found: Found): KeptRecord | undefined {
  if (found === undefined) return undefined;
  const record = found.value as Partial<KeptRecord> | null;
  const isRecord =
    typeof record === "object" &&
    record !== null &&
    typeof record.epoch === "string" &&
    [record.sequence, record.cleared, record.tagged, record.since].every((each) => typeof each === "number") &&
    Array.isArray(record.tags);
  if (!isRecord) throw new CacheError("UNREADABLE", "The generation of a namespace cannot be read.");
  return record as KeptRecord;
}

function then<T, R>(value: Awaitable<T>, next: (value: T) => Awaitable<R>): Awaitable<R> {
  return isPromiseLike(value) ? value.then(next) : next(value);
}
