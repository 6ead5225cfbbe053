import { type Awaitable, andThen, type CacheEntry, isPromiseLike } from "./entry.js";
import { CacheError, isCacheError } from "./errors.js";
import { type GenerationRecord, generationsOf, newRecord, raised, readGenerations, validityOf } from "./generations.js";
import { OwnValues } from "./own-values.js";
import { processWide } from "./process-wide.js";
import { scopesOf } from "./scope.js";
import type { CacheStore, Invalidation, WriteOptions } from "./store.js";
import { Turns } from "./turns.js";

/** Tags of one namespace that are remembered. Beyond these the one that was invalidated first is forgotten. */
const MOST_TAGS = 1_000;

/** A record with the sequences of its tags, which are so lost together. */
export interface KeptRecord extends GenerationRecord {
  /** Up to here tags may be missing. */
  readonly since: number;
  readonly tags: ReadonlyArray<readonly [tag: string, sequence: number]>;
}

/** Changes of the records of a store, whoever in this process makes them. */
const turnsOf = processWide("turns of generations", () => new WeakMap<CacheStore, Turns>());

type Found = CacheEntry | undefined;
/** Of the namespaces of a key, as far as there are any. */
export type Records = ReadonlyArray<KeptRecord | undefined>;

/** The key under which such a store keeps the record of a namespace. No key of a value holds a brace. */
export function generationKey(scope: string): string {
  return `${scope.slice(0, scope.indexOf(":"))}:generation:{${scope}}`;
}

/** The records of a store that has no step of its own for them. */
export class KeptGenerations {
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
    return andThen(this.#readable(scopes), (records) => {
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
      andThen(this.#readable([scope]), ([found]) => {
        const record = next(found);
        return record === found ? record : andThen(this.#write(scope, record), () => record);
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
    // What throws at once rejects, so that it does not leave the failures of those before it to nobody.
    try {
      return andThen(this.#store.get(generationKey(scope)), recordIn);
    } catch (error) {
      return Promise.reject(error as Error);
    }
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

/** Whether what was found, if anything, is valid by the records of its namespaces. */
export function isValid(entry: Found, records: Records): boolean {
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
