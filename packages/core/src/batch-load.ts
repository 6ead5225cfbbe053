import { onAbort } from "./abort-listeners.js";
import { callChain } from "./call-chain.js";
import type { CacheContext } from "./context.js";
import type { Duration } from "./duration.js";
import type { Awaitable } from "./entry.js";
import { CacheError } from "./errors.js";
import type { Flight } from "./flight.js";
import type { Id } from "./key.js";
import type { Waking } from "./lease.js";
import type { Loader } from "./load.js";
import type { LoadContext } from "./load-context.js";
import { KEYS_A_WAVE } from "./many-of.js";
import { processWide } from "./process-wide.js";
import { isError, isMap } from "./realms.js";

type Report = CacheContext["report"];

/** What a loader of many is given. */
export interface LoadManyContext {
  /** Aborts when every load of the batch was given up. */
  readonly signal: AbortSignal;
  /** Overrides the ttl of every value of the batch. */
  setTtl(ttl: Duration): void;
  /** Overrides the tags of every value of the batch. */
  setTags(tags: readonly string[]): void;
}

/** What came of one id: a value, nothing, or why it failed. */
export type LoadedItem<T> = T | Error | undefined;

/**
 * Produces the values of the ids that are missing: as a `Map`, in which an id that is absent has none, or as an array
 * in the order of the ids. An `Error` in place of a value fails that id alone.
 */
export type LoadMany<T, K extends Id = Id> = (
  ids: readonly K[],
  context: LoadManyContext,
) => Awaitable<ReadonlyMap<Id, LoadedItem<T>> | readonly LoadedItem<T>[]>;

interface Passenger<T> {
  readonly id: Id;
  /** Where the id stands among those of the batch. */
  readonly at: number;
  readonly session: LoadContext<T>;
  readonly flight: Flight | undefined;
  resolve(value: T): void;
  reject(error: unknown): void;
}

/** Stands for the keys that may still be added. No key is empty. */
const MORE = "";

/** Flights whose loader gave an error for their one id: known to every batch, since another one may have joined. */
const failedAlone = processWide("failed alone", () => new WeakMap<Flight, unknown>());

/** Whether the loader of many gave `error` for the id of `flight`, so that the other ids are none the worse. */
export function isFailedAlone(flight: Flight | undefined, error: unknown): boolean {
  return flight !== undefined && error !== undefined && failedAlone.get(flight) === error;
}

/**
 * Loads of several keys that go to the origin as one. Each is a flight of its own, for whoever else asks; the origin
 * is asked once all of them have said whether they have to load, were found after all, or wait for somebody else. Those
 * that waited in vain, since the other node gave up, are loaded afterwards: as one too, where it gave up all at once.
 */
export class BatchLoad<T> {
  readonly #loadMany: LoadMany<T>;
  readonly #report: Report;
  readonly #undecided = new Set([MORE]);
  /** Flights that wait for another node. */
  readonly #waiting = new Map<string, Flight>();
  #passengers: Passenger<T>[] = [];

  constructor(loadMany: LoadMany<T>, report: Report) {
    this.#loadMany = loadMany;
    this.#report = report;
  }

  /** Another key that may have to be loaded: its loader. `at` is where it stands among those that were asked for. */
  add(key: string, at: number): Loader<T> {
    this.#undecided.add(key);
    return (session) =>
      new Promise<T>((resolve, reject) => {
        const flight = callChain.current();
        this.#passengers.push({ id: session.id, at, session, flight, resolve, reject });
        this.settle(key);
        // The batch has gone already: this one comes after a wait for another node, and is not held back for those that
        // still wait. It may have been given the lease that they wait for elsewhere.
        if (this.#undecided.size === 0) this.#depart();
      });
  }

  /** The key needs no load now; without one, no key is added any more. */
  settle(key = MORE): void {
    this.#waiting.delete(key);
    if (this.#undecided.delete(key) && this.#undecided.size === 0) this.#depart();
  }

  /** Another flight or another node loads the key. `mine` is the flight that waits for another node. */
  standAside(key: string, mine: Flight | undefined): (waking: Waking) => void {
    this.settle(key);
    if (mine !== undefined) this.#waiting.set(key, mine);
    // One that was given up meanwhile asks no more.
    return (waking) => void (mine?.landed === false && this.#askAgain(key, waking));
  }

  /**
   * The next answer tells whether the key has to be loaded. Those that have to already wait for the questions under way
   * alone: of many keys, some may always be asking. Timers of one wait run in different turns, so the first one that is
   * due has all of them ask.
   */
  #askAgain(key: string, waking: Waking): void {
    this.#waiting.delete(key);
    if (this.#passengers.length === 0) this.#undecided.add(key);
    if (waking === "due") for (const flight of this.#waiting.values()) flight.onRelease?.();
  }

  #depart(): void {
    // As they were asked for: a stale one may be decided later than those that are absent.
    const passengers = this.#passengers.sort((one, other) => one.at - other.at);
    this.#passengers = [];
    if (passengers.length > 0) void this.#load(passengers);
  }

  async #load(passengers: readonly Passenger<T>[]): Promise<void> {
    const ids = passengers.map(({ id }) => id);
    const flights = passengers.flatMap(({ flight }) => flight ?? []);
    const [lead, ...others] = flights;
    // All of them wait for the one call, which belongs to the first: so a loader that asks for one of its own is found out.
    if (lead !== undefined) for (const flight of others) flight.waitsFor.add(lead);
    const ask = (): ReturnType<LoadMany<T>> =>
      this.#loadMany(ids, batchContext(passengers.map(({ session }) => session)));
    try {
      const loaded = await (lead === undefined ? ask() : callChain.run(lead, ask));
      const items = isMap(loaded) ? this.#itemsOfMap(ids, loaded) : itemsOfArray<T>(ids, loaded);
      await this.#landAll(passengers, items);
    } catch (error) {
      for (const { reject } of passengers) reject(error);
    }
  }

  /** `1`, `"1"` and `1n` are one id: drivers give ids as text, or as bigints, that were asked for as numbers. */
  #itemsOfMap(ids: readonly Id[], loaded: ReadonlyMap<unknown, unknown>): readonly LoadedItem<T>[] {
    const byText = new Map<string | undefined, unknown>();
    for (const [id, item] of loaded) byText.set(textOf(id), item);
    const items = ids.map((id) => (loaded.has(id) ? loaded.get(id) : byText.get(textOf(id)))) as LoadedItem<T>[];
    // More than was asked for is no harm; ids of another form in place of those that were would never be found.
    if (ids.some((id) => !loaded.has(id) && !byText.has(textOf(id)))) this.#tellStrangers(ids, loaded);
    return items;
  }

  #tellStrangers(ids: readonly Id[], loaded: ReadonlyMap<unknown, unknown>): void {
    const asked = new Set<string | undefined>(ids.map(textOf));
    const [first, ...others] = [...loaded.keys()].filter((id) => !asked.has(textOf(id))).map(shown);
    if (first === undefined) return;
    const [what, more] =
      others.length === 0 ? ["an id that was", ""] : [`${others.length + 1} ids that were`, "such as "];
    const message = `A loader of many gave ${what} not asked for, ${more}${first}, and none for others. Give its Map the ids that it was given.`;
    this.#report("load", new CacheError("LOAD_FAILED", message));
  }

  /** What lands is stored, key by key: a few thousand at a time, so that a store has as many under way and no more. */
  async #landAll(passengers: readonly Passenger<T>[], items: readonly LoadedItem<T>[]): Promise<void> {
    for (let from = 0; from < passengers.length; from += KEYS_A_WAVE) {
      const wave = passengers.slice(from, from + KEYS_A_WAVE);
      wave.forEach((passenger, at) => this.#land(passenger, items[from + at]));
      if (from + wave.length < passengers.length) await Promise.all(wave.map(({ flight }) => flight && landed(flight)));
    }
  }

  #land({ flight, resolve, reject }: Passenger<T>, item: LoadedItem<T>): void {
    if (!isError(item)) return resolve(item as T);
    if (flight !== undefined) failedAlone.set(flight, item);
    reject(item);
  }
}

function landed(flight: Flight): Promise<void> {
  return new Promise((resolve) => flight.whenLanded(() => resolve()));
}

function itemsOfArray<T>(ids: readonly Id[], loaded: unknown): readonly LoadedItem<T>[] {
  if (Array.isArray(loaded) && loaded.length === ids.length) return loaded as readonly LoadedItem<T>[];
  const given = Array.isArray(loaded) ? `an array of ${loaded.length}` : typeof loaded;
  throw new CacheError(
    "LOAD_FAILED",
    `A loader of ${ids.length} ids gives a Map, or an array as long as the ids, not ${given}.`,
  );
}

/** An id as its key has it. */
function textOf(id: unknown): string | undefined {
  return typeof id === "string" || typeof id === "number" || typeof id === "bigint" ? String(id) : undefined;
}

function shown(id: unknown): string {
  if (typeof id === "string") return JSON.stringify(id);
  return typeof id === "object" && id !== null ? "an object" : String(id);
}

function batchContext(sessions: readonly LoadContext<never>[] | readonly LoadContext<unknown>[]): LoadManyContext {
  let signal: AbortSignal | undefined;
  return {
    get signal() {
      return (signal ??= whenAllAborted(sessions.map((session) => session.signal)));
    },
    setTtl: (ttl) => sessions.forEach((session) => session.setTtl(ttl)),
    setTags: (tags) => sessions.forEach((session) => session.setTags(tags)),
  };
}

function whenAllAborted(signals: readonly AbortSignal[]): AbortSignal {
  const controller = new AbortController();
  let left = signals.filter((signal) => !signal.aborted).length;
  const leave = (): void => {
    left -= 1;
    if (left === 0) controller.abort(signals[0]?.reason);
  };
  for (const signal of signals) if (!signal.aborted) onAbort(signal, leave);
  if (left === 0) controller.abort(signals[0]?.reason);
  return controller.signal;
}
