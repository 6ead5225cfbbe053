import type { Clock } from "./clock.js";
import { Cooling } from "./cooling.js";
import { type CacheEntry, isPromiseLike } from "./entry.js";
import { CacheError } from "./errors.js";
import type { Flight, Outcome } from "./flight.js";
import { Flying } from "./flying.js";
import { loadTimeout } from "./in-time.js";
import { LatestWrites } from "./latest-writes.js";
import type { Look, Readable } from "./look.js";
import { LookOfMany, type ManyLook, type ReadMany, readLooks } from "./many-look.js";
import { isolatesRequests } from "./runtime.js";
import { TimeLimits } from "./time-limits.js";
import { Turns } from "./turns.js";

/** Everything that is under way for the keys of one store in this process. */
export class Flights {
  /** Refreshes that have failed. */
  readonly cooling = new Cooling();
  /** Writes of single values. */
  readonly latest = new LatestWrites(this);
  readonly #limits: TimeLimits;
  readonly #flying = new Flying();
  #looks = new Map<string, Look>();
  readonly #turns = new Turns();
  /** Flights in the air that no caller can join any more. */
  readonly #voided = new Set<Flight>();

  #isClosed = false;

  constructor(clock: Clock) {
    this.#limits = new TimeLimits(clock, (flight) => this.abandon(flight, loadTimeout(flight.key)));
  }

  /** The flight of `key` that a caller may join. */
  of(key: string): Flight | undefined {
    return this.#flying.of(key);
  }

  /**
   * The flight of `key` that is in the air at `now`. One that is past its deadline is given up: nobody can rely on the
   * timer of whoever began it.
   */
  inTheAir(key: string, now: number): Flight | undefined {
    const flight = this.#flying.of(key);
    if (flight === undefined || flight.deadlineAt >= now) return flight;
    this.abandon(flight, loadTimeout(key));
    return undefined;
  }

  /** The flight of `key` that a caller may wait for from `now` on. */
  joinable(key: string, now: number): Flight | undefined {
    const flight = this.inTheAir(key, now);
    return isolatesRequests && flight?.isUnderWay === true ? undefined : flight;
  }

  /** Whether a look or a flight is under way that a caller may share. */
  isBusy(key: string): boolean {
    return this.#flying.of(key) !== undefined || (this.#looks.size > 0 && this.#looks.has(key));
  }

  /** Whether something is being written to `key` that is not done at once. */
  isWriting(key: string): boolean {
    return this.#turns.isTaken(key);
  }

  /** Whether `turn` is the last of what is being written to `key`. */
  isLast(key: string, turn: Promise<unknown>): boolean {
    return this.#turns.isLast(key, turn);
  }

  /** Starts the one flight of a key, at `now`. It ends with its load, at its deadline, or when it is abandoned. */
  start(flight: Flight, now: number): void {
    // A look that was under way when the cache was closed comes here, and must not leave a timer behind.
    if (this.#isClosed) throw closedError();
    // One that could not be joined: whoever waits for it gets its value, and this one is stored.
    const other = this.#flying.of(flight.key);
    if (other !== undefined) this.#detach(other);
    this.#flying.add(flight);
    this.#fly(flight, now);
    this.#limits.add(flight);
  }

  /** Gives a flight up: its signal aborts and whatever it still brings is dropped. */
  abandon(flight: Flight, reason: unknown): void {
    this.#end(flight, { type: "failed", error: reason });
    flight.abort(reason);
  }

  /** Something changed the key: what is in the air for it is not stored, and takes no new callers. */
  void(key: string): void {
    const flight = this.#flying.of(key);
    if (flight !== undefined) {
      this.#detach(flight);
      this.#voided.add(flight);
    }
    this.forget(key);
  }

  /** What was seen of the key, or concluded from it, is the past. */
  forget(key: string): void {
    const look = this.#looks.get(key);
    if (look !== undefined) look.voided = true;
    this.#looks.delete(key);
    this.cooling.end(key);
  }

  /**
   * A reader was given `entry`. A load that began before that was there is not to be joined any more: who does would go back
   * from the newer value to the older one. It is void already, unless a message was lost.
   */
  supersede(key: string, { createdAt, freshUntil }: CacheEntry): void {
    const flight = this.#flying.of(key);
    if (flight === undefined || flight.isSeeking || !flight.isUnderWay) return;
    if (flight.previous?.createdAt !== createdAt || flight.previous.freshUntil !== freshUntil) this.void(key);
  }

  /** `void` for every key that begins with one of `bases`. */
  voidAll(bases: readonly string[]): void {
    for (const key of this.#keysOf(bases)) this.void(key);
  }

  /** Another node changed the key: as `void`, but a flight whose load has not begun asks again, and goes on. */
  hear(key: string): void {
    if (this.#flying.of(key)?.overtake() === true) this.forget(key);
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
  look(key: string, now: number, store: Readable): Look {
    const shared = this.#looks.size === 0 || isolatesRequests ? undefined : this.#looks.get(key);
    if (shared !== undefined) return shared;
    const found = store.get(key, now);
    if (!isPromiseLike(found)) return { found, voided: false };
    const promise = Promise.resolve(found);
    const look: Look = { found: promise, voided: false };
    this.#looks.set(key, look);
    const done = (): void => this.#endLook(key, look);
    promise.then(done, done);
    return look;
  }

  /** As `look`, at those of `keys` that nobody is busy with, by one read. Each look is to be shared, or ended. */
  lookMany(keys: readonly string[], read: ReadMany): ManyLook {
    const idle: string[] = [];
    const ended = (look: LookOfMany): void => this.#endLook(look.key, look);
    const isBusy = (key: string): boolean => this.isBusy(key);
    const begun = (look: LookOfMany): void => void this.#looks.set(look.key, look);
    const many: ManyLook = { looks: [], read: Promise.resolve([]), isBusy, begun, ended };
    for (const key of keys) {
      const known = this.#looks.get(key);
      const isFree = known === undefined && this.#flying.of(key) === undefined;
      const look = isFree ? new LookOfMany(many, key, idle.push(key) - 1) : known;
      if (isFree) this.#looks.set(key, look as Look);
      many.looks.push((look as LookOfMany | undefined)?.many === many ? (look as LookOfMany) : undefined);
    }
    if (idle.length > 0) many.read = readLooks(many, read, read(idle));
    return many;
  }

  /** Runs the writes of each key one after the other: `Turns.take`. */
  inTurn<T>(keys: readonly string[], write: () => Promise<T>, ended?: () => void): Promise<T> {
    return this.#turns.take(keys, write, ended);
  }

  /**
   * Changes keys, after what is already being written to any of them. Loads under way are void: those that began
   * before the change, and those that began during it and may have read what was there before.
   */
  change<T>(keys: readonly string[], write: () => Promise<T>): Promise<T> {
    const voidAll = (): void => {
      for (const key of keys) this.void(key);
    };
    voidAll();
    return this.inTurn(keys, write, voidAll);
  }

  /** Resolves once what is being written to keys that begin with `base` at this moment is written, or is not. */
  settled(base: string): Promise<void> {
    return this.#turns.settled(base);
  }

  /** Ends everything that is in the air. */
  close(): void {
    this.#isClosed = true;
    for (const flight of [...this.#flying.all(), ...this.#voided]) this.abandon(flight, closedError());
    this.#limits.close();
    this.cooling.endAll();
  }

  #detach(flight: Flight): void {
    this.#flying.remove(flight);
    flight.void();
  }

  #endLook(key: string, look: Look): void {
    if (this.#looks.get(key) === look) this.#looks.delete(key);
    // A map that shrinks keeps its old tables, with all that was in them, for as long as a garbage collector may.
    if (this.#looks.size === 0) this.#looks = new Map();
  }

  #keysOf(bases: readonly string[]): readonly string[] {
    const keys = [...this.#flying.all().map(({ key }) => key), ...this.#looks.keys(), ...this.cooling.keys()];
    return keys.filter((key) => bases.some((base) => key.startsWith(base)));
  }

  #fly(flight: Flight, now: number): void {
    const failed = (error: unknown): void => this.#end(flight, { type: "failed", error });
    const loaded = (value: unknown): void => {
      flight.hasLoaded = true;
      try {
        const kept = flight.keep(value);
        if (isPromiseLike(kept)) kept.then((value) => this.#end(flight, { type: "loaded", value }), failed);
        else this.#end(flight, { type: "loaded", value: kept });
      } catch (error) {
        failed(error);
      }
    };
    // In a job of its own, which belongs to the load; whoever calls in the same moment has joined by then.
    void NOW.then(() => {
      if (flight.landed) return;
      flight.isUnderWay = true;
      try {
        void Promise.resolve(flight.load(now)).then(loaded, failed);
      } catch (error) {
        failed(error);
      }
    });
  }

  #end(flight: Flight, outcome: Outcome): void {
    if (!this.#flying.remove(flight)) this.#voided.delete(flight);
    flight.land(outcome);
  }
}

const NOW = Promise.resolve();

function closedError(): CacheError {
  return new CacheError("CLOSED", "The cache was closed while it loaded.");
}
