import { CLOCK_ERROR_MS, type Clock } from "./clock.js";
import type { Awaitable, CacheEntry } from "./entry.js";
import { isPromiseLike } from "./entry.js";
import { CacheError } from "./errors.js";
import { Flight, type FlightPlan, type Outcome } from "./flight.js";
import { LookOfMany, type ManyLook } from "./many-look.js";

/** Refreshes that failed lately are remembered for this many keys. */
const MOST_COOLING = 10_000;

/** A look at the store that several callers share. */
export interface Look {
  readonly found: Awaitable<CacheEntry | undefined>;
  /** Something changed the key since the look began: what it finds may be the past. */
  voided: boolean;
}

/** Everything that is under way for the keys of one store in this process. */
export class Flights {
  readonly #clock: Clock;
  readonly #flying = new Map<string, Flight>();
  #looks = new Map<string, Look>();
  readonly #writes = new Map<string, Promise<unknown>>();
  readonly #retryAt = new Map<string, number>();
  /** Flights that no caller can join any more may still be in the air. */
  readonly #all = new Set<Flight>();

  #isClosed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The flight of `key` that a caller may join. */
  of(key: string): Flight | undefined {
    return this.#flying.get(key);
  }

  /** Whether a look or a flight is under way that a caller may share. */
  isBusy(key: string): boolean {
    return (this.#flying.size > 0 && this.#flying.has(key)) || (this.#looks.size > 0 && this.#looks.has(key));
  }

  /** Starts the one flight of a key. It ends with `task`, at its deadline, or when it is abandoned. */
  start(plan: Omit<FlightPlan, "owner">, task: (flight: Flight) => Awaitable<unknown>): Flight {
    // A look that was under way when the cache was closed comes here, and must not leave a timer behind.
    if (this.#isClosed) throw closedError();
    const flight = new Flight({ ...plan, owner: this });
    this.#flying.set(plan.key, flight);
    this.#all.add(flight);
    void this.#fly(flight, task);
    return flight;
  }

  /** Gives a flight up: its signal aborts and whatever it still brings is dropped. */
  abandon(flight: Flight, reason: unknown): void {
    this.#end(flight, { type: "failed", error: reason });
    flight.abort(reason);
  }

  /** Something changed the key: what is in the air for it is not stored, and takes no new callers. */
  void(key: string): void {
    const flight = this.#flying.get(key);
    flight?.void();
    this.#flying.delete(key);
    this.#forget(key);
  }

  /**
   * A reader was given what was created at `createdAt`. A load that began before is not to be joined any more: who does
   * would go back from the newer value to the older one. It is void already, unless a message was lost.
   */
  supersede(key: string, createdAt: number): void {
    if (this.#flying.size === 0) return;
    const flight = this.#flying.get(key);
    if (flight === undefined || flight.begunAt === createdAt) return;
    if (flight.begunAt < createdAt + CLOCK_ERROR_MS) this.void(key);
  }

  /** `void` for every key that begins with one of `bases`. */
  voidAll(bases: readonly string[]): void {
    for (const key of this.#keysOf(bases)) this.void(key);
  }

  /** Another node changed the key: as `void`, but a flight whose load has not begun asks again, and goes on. */
  hear(key: string): void {
    if (this.#flying.get(key)?.overtake() === true) this.#forget(key);
    else this.void(key);
  }

  /** `hear` for every key that begins with one of `bases`. */
  hearAll(bases: readonly string[]): void {
    for (const key of this.#keysOf(bases)) this.hear(key);
  }

  /**
   * One look at the store for all who ask for `key` meanwhile. Those who shared a look go on in one go, before any
   * other task runs: so the first of them to start a flight is seen by the rest, and nobody looks before a load
   * and decides after it.
   */
  look(key: string, read: () => Awaitable<CacheEntry | undefined>): Look {
    const shared = this.#looks.get(key);
    if (shared !== undefined) return shared;
    const found = read();
    if (!isPromiseLike(found)) return { found, voided: false };
    const promise = Promise.resolve(found);
    const look: Look = { found: promise, voided: false };
    this.#looks.set(key, look);
    const done = (): void => this.#endLook(key, look);
    promise.then(done, done);
    return look;
  }

  /** As `look`, at those of `keys` that nobody is busy with, by one read. Each look is to be shared, or ended. */
  lookMany(keys: readonly string[], read: (idle: string[]) => ManyLook["read"]): ManyLook {
    const idle: string[] = [];
    const ended = (look: LookOfMany): void => {
      this.#endLook(look.key, look);
      // A map that shrinks keeps its old tables, with all that was in them, for as long as a garbage collector may.
      if (this.#looks.size === 0) this.#looks = new Map();
    };
    const many: ManyLook = { looks: [], read: Promise.resolve([]), ended };
    for (const key of keys) {
      const known = this.#looks.get(key);
      const isFree = known === undefined && !this.#flying.has(key);
      const look = isFree ? new LookOfMany(many, key, idle.push(key) - 1) : known;
      if (isFree) this.#looks.set(key, look as Look);
      many.looks.push((look as LookOfMany | undefined)?.many === many ? (look as LookOfMany) : undefined);
    }
    if (idle.length > 0) many.read = read(idle);
    return many;
  }

  /**
   * Runs the writes of each key one after the other, so that a slow old one cannot land on top of a newer one.
   * The first starts at once.
   */
  inTurn<T>(keys: readonly string[], write: () => Promise<T>): Promise<T> {
    const before = keys.flatMap((key) => this.#writes.get(key) ?? []);
    const turn = before.length === 0 ? write() : Promise.allSettled(before).then(write);
    for (const key of keys) this.#writes.set(key, turn);
    const done = (): void => {
      for (const key of keys) if (this.#writes.get(key) === turn) this.#writes.delete(key);
    };
    turn.then(done, done);
    return turn;
  }

  /**
   * Changes keys, after what is already being written to any of them. Loads under way are void: those that began
   * before the change, and those that began during it and may have read what was there before.
   */
  async change<T>(keys: readonly string[], write: () => Promise<T>): Promise<T> {
    for (const key of keys) this.void(key);
    try {
      return await this.inTurn(keys, write);
    } finally {
      for (const key of keys) this.void(key);
    }
  }

  /** Resolves once what is being written to keys that begin with `base` at this moment is written, or is not. */
  async settled(base: string): Promise<void> {
    const writes = [...this.#writes].filter(([key]) => key.startsWith(base)).map(([, write]) => write);
    await Promise.allSettled(writes);
  }

  /** After a failed refresh: the instant before which `key` is not to be loaded again. */
  coolDown(key: string, until: number): void {
    this.#retryAt.delete(key);
    this.#retryAt.set(key, until);
    const [oldest] = this.#retryAt.keys();
    if (this.#retryAt.size > MOST_COOLING && oldest !== undefined) this.#retryAt.delete(oldest);
  }

  isCooling(key: string, now: number): boolean {
    const until = this.#retryAt.get(key);
    if (until === undefined) return false;
    if (now < until) return true;
    this.#retryAt.delete(key);
    return false;
  }

  /** Ends everything that is in the air. */
  close(): void {
    this.#isClosed = true;
    for (const flight of [...this.#all]) this.abandon(flight, closedError());
    this.#retryAt.clear();
  }

  #endLook(key: string, look: Look): void {
    if (this.#looks.get(key) === look) this.#looks.delete(key);
  }

  #keysOf(bases: readonly string[]): readonly string[] {
    const keys = [...this.#flying.keys(), ...this.#looks.keys(), ...this.#retryAt.keys()];
    return keys.filter((key) => bases.some((base) => key.startsWith(base)));
  }

  /** What was seen of the key, or concluded from it, is the past. */
  #forget(key: string): void {
    const look = this.#looks.get(key);
    if (look !== undefined) look.voided = true;
    this.#looks.delete(key);
    this.#retryAt.delete(key);
  }

  async #fly(flight: Flight, task: (flight: Flight) => Awaitable<unknown>): Promise<void> {
    try {
      const loading = task(flight);
      this.#limit(flight);
      this.#end(flight, { type: "loaded", value: await loading });
    } catch (error) {
      this.#end(flight, { type: "failed", error });
    }
  }

  #limit(flight: Flight): void {
    // A loader may have closed the cache, or left nobody waiting, before it first waited itself.
    if (flight.landed || flight.deadlineAt === Number.POSITIVE_INFINITY) return;
    const leftMs = flight.deadlineAt - this.#clock.now();
    flight.cancelDeadline = this.#clock.after(leftMs, () => this.abandon(flight, loadTimeout(flight.key)));
  }

  #end(flight: Flight, outcome: Outcome): void {
    this.#all.delete(flight);
    if (this.#flying.get(flight.key) === flight) this.#flying.delete(flight.key);
    flight.land(outcome);
  }
}

/** The error of a load, or of a caller, that ran into `hardTimeout`. */
export function loadTimeout(key: string): CacheError {
  return new CacheError("LOAD_TIMEOUT", `The load of ${key} did not end within hardTimeout.`);
}

function closedError(): CacheError {
  return new CacheError("CLOSED", "The cache was closed while it loaded.");
}
