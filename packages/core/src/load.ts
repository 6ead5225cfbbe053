import { callChain } from "./call-chain.js";
import { type CacheContext, type Call, isFresh } from "./context.js";
import { type Awaitable, type CacheEntry, isPromiseLike } from "./entry.js";
import type { Flight, Task } from "./flight.js";
import { type Right, seekRight } from "./lease.js";
import { isAbsentResult, makeEntry } from "./lifetime.js";
import { type LoadContext, type Loaded, LoadSession } from "./load-context.js";
import type { CacheStore, LeasesCapability, WriteReason } from "./store.js";

/** Produces the value of an id. What it throws reaches the caller as it is. */
export type Loader<T> = (context: LoadContext<T>) => Awaitable<T>;

/** What a flight is to do. */
export interface LoadOrder<T> {
  readonly call: Call;
  readonly loader: Loader<T>;
  /** Called where another node loads the key, and the flight waits for it. */
  readonly standAside?: (() => void) | undefined;
}

/** Loads a key, stores the result and tells of it. Waits only for what does not answer at once. */
export class Load<T> implements Task {
  readonly #context: CacheContext;
  readonly #order: LoadOrder<T>;
  #right: Right | undefined;
  #session: LoadSession<T> | undefined;
  #begunAt = 0;

  constructor(context: CacheContext, order: LoadOrder<T>) {
    this.#context = context;
    this.#order = order;
  }

  load(flight: Flight, now: number): Awaitable<unknown> {
    const { store } = this.#context;
    const waiting = store.ready();
    const leases = this.#order.call.policy.lease ? store.leases : undefined;
    // A store without leases is not waited for: the loader is called before anything else can happen.
    if (waiting === undefined && leases === undefined) return this.#begin(flight, now);
    return this.#seek(flight, leases, waiting);
  }

  keep(flight: Flight, loaded: unknown): Awaitable<unknown> {
    const session = this.#session;
    // Another node has loaded it, or nobody waits any more.
    if (session === undefined) return loaded;
    const checked = checkedValue(this.#context, this.#order.call, loaded);
    if (isPromiseLike(checked)) return checked.then((value) => this.#keep(flight, session, value));
    return this.#keep(flight, session, checked);
  }

  failed(flight: Flight, error: unknown): void {
    const { clock, counters, emitter, flights } = this.#context;
    const { key, policy } = this.#order.call;
    if (flight.isCancelled) return;
    counters.loadFailures += 1;
    if (flight.previous !== undefined && !flight.voided) flights.cooling.begin(key, clock.now() + policy.retryAfterMs);
    if (emitter.heard.loadError > 0) emitter.emit("loadError", { key, error });
  }

  async #seek(
    flight: Flight,
    leases: LeasesCapability | undefined,
    waiting: PromiseLike<void> | undefined,
  ): Promise<unknown> {
    const { standAside } = this.#order;
    flight.isSeeking = true;
    if (waiting !== undefined) await waiting;
    if (leases !== undefined) this.#right = await rightTo(this.#context, { leases, flight, standAside });
    if (this.#right?.type === "found") return this.#right.entry.value;
    // Given up while another node had the right: whoever waited has gone.
    if (flight.landed) return undefined;
    flight.isSeeking = false;
    return this.#begin(flight, this.#context.clock.now());
  }

  #begin(flight: Flight, now: number): Awaitable<unknown> {
    const { counters, stamps } = this.#context;
    const { call, loader } = this.#order;
    flight.begunAt = stamps.begin(now);
    this.#begunAt = now;
    counters.loads += 1;
    const session = new LoadSession<T>(call.id, flight);
    this.#session = session;
    return callChain.end(flight, loader, session);
  }

  #keep(flight: Flight, session: LoadSession<T>, value: unknown): Awaitable<unknown> {
    const loaded = session.finish(value, flight.begunAt);
    const stored = loaded.skipped ? false : this.#storeInTurn(flight, loaded);
    if (isPromiseLike(stored)) return stored.then((isStored) => this.#told(flight, value, isStored));
    return this.#told(flight, value, stored);
  }

  #storeInTurn(flight: Flight, loaded: Loaded): Awaitable<boolean> {
    const { flights } = this.#context;
    const isFree = !flights.isWriting(flight.key);
    const stored = isFree ? this.#store(flight, loaded) : undefined;
    // What is done at once nobody has to wait for.
    if (stored !== undefined && !isPromiseLike(stored)) return stored;
    return flights.inTurn([flight.key], async () => stored ?? this.#store(flight, loaded));
  }

  /** Stores what a flight brought, unless the flight was given up or something invalidated the key since it began. */
  #store(flight: Flight, loaded: Loaded): Awaitable<boolean> {
    const { clock, store } = this.#context;
    const now = clock.now();
    const made = makeEntry(this.#order.call.policy, loaded, now);
    if (made === undefined || flight.voided || flight.landed) return false;
    const right = this.#right;
    const replaced = right?.type === "lease" ? right.entry : flight.previous;
    // A refresh of what is still fresh elsewhere is news to the other nodes; a fill of what is absent is not.
    const reason = replaced !== undefined && replaced.freshUntil > now ? "write" : "fill";
    const entry = withValidator(made, loaded);
    if (right === undefined) return store.keep(flight.key, entry, reason);
    return store.fill(flight.key, (to) => unload(to, right, { key: flight.key, entry, reason }));
  }

  #told(flight: Flight, value: unknown, stored: boolean): unknown {
    const { clock, emitter } = this.#context;
    const { key } = flight;
    if (emitter.heard.load > 0 && !flight.landed)
      emitter.emit("load", { key, ms: clock.now() - this.#begunAt, stored });
    return value;
  }
}

interface RightWanted {
  readonly leases: LeasesCapability;
  readonly flight: Flight;
  readonly standAside: (() => void) | undefined;
}

/** Asks the store for the right to load. */
function rightTo(context: CacheContext, { leases, flight, standAside }: RightWanted): Promise<Right> {
  const { admit } = context.store;
  const { previous } = flight;
  // Fresh is not enough for a refresh ahead of the ttl: it has to be newer than what is being replaced. One of the same
  // instant is newer where it lives longer.
  const isGoodEnough = (entry: CacheEntry): boolean =>
    isFresh(entry, context.clock.now()) &&
    (previous === undefined || entry.createdAt > previous.createdAt || entry.freshUntil > previous.freshUntil);
  return seekRight({ leases, admit, flight, standAside, isGoodEnough, clock: context.clock, report: context.report });
}

/** The value as the schema gives it back; an absent result is not asked about. */
export function checkedValue(context: CacheContext, call: Call, value: unknown): Awaitable<unknown> {
  if (context.check === undefined || isAbsentResult(call.policy, value)) return value;
  return context.check(call.key, value);
}

/** The entry of a value that is written now; `undefined` where the policy says not to store it. */
export function entryOf({ clock, stamps }: CacheContext, { policy }: Call, value: unknown): CacheEntry | undefined {
  return makeEntry(policy, { value, createdAt: stamps.begin() }, clock.now());
}

interface Cargo {
  readonly key: string;
  readonly entry: CacheEntry;
  readonly reason: WriteReason;
}

/** Writes as far as the right to load goes: under the lease, or in this process only. */
async function unload(store: CacheStore, right: Right, { key, entry, reason }: Cargo): Promise<boolean> {
  if (right.type === "lease") return right.lease.fill(entry, reason);
  return (await store.leases?.keepNear?.(key, entry)) ?? false;
}

/** Most entries have none, and stay as they are. */
function withValidator(entry: CacheEntry, { validator }: Loaded): CacheEntry {
  return validator === undefined ? entry : { ...entry, ...validator };
}
