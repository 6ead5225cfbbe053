import { callChain } from "./call-chain.js";
import { type CacheContext, type Call, isFresh } from "./context.js";
import { type Awaitable, type CacheEntry, isPromiseLike } from "./entry.js";
import { Flight, type FlightPlan } from "./flight.js";
import { type Right, type StandAside, seekRight } from "./lease.js";
import { isAbsentResult, makeEntry } from "./lifetime.js";
import { type LoadContext, LoadSession, type Said } from "./load-context.js";
import type { CacheStore, LeasesCapability, WriteReason } from "./store.js";
import { asStoreError } from "./store-error.js";

/** Produces the value of an id, or what the schema makes one of. What it throws reaches the caller as it is. */
export type Loader<T, In = T> = (context: LoadContext<T, In>) => Awaitable<In>;

/** The loader of a cache without a type. Its context does not name the type, or no compiler could infer it. */
export type UntypedLoader<U> = (context: LoadContext<unknown>) => Awaitable<U>;

/** What a flight is to do. */
export interface LoadOrder<T> {
  readonly call: Call;
  readonly loader: Loader<T>;
  /** Called where another flight or another node loads the key, and is waited for. */
  readonly standAside?: StandAside | undefined;
}

/** Loads a key, stores the result and tells of it. Waits only for what does not answer at once. */
export class Load<T> extends Flight {
  readonly #context: CacheContext;
  readonly #order: LoadOrder<T>;
  #right: Right | undefined;
  #session: LoadSession<T> | undefined;
  /** The generations that stood before the loader was called, where no lease brought them. */
  #generations: string | undefined;
  /** When its loader was called. */
  #calledAt = 0;

  constructor(context: CacheContext, order: LoadOrder<T>, plan: FlightPlan) {
    super(plan, context.flights);
    this.#context = context;
    this.#order = order;
  }

  load(now: number): Awaitable<unknown> {
    const { store } = this.#context;
    const waiting = store.ready();
    const leases = this.#order.call.policy.lease ? store.leases : undefined;
    if (waiting !== undefined || leases !== undefined) return this.#seek(leases, waiting);
    const generations = store.generations(this.key);
    // A store that answers at once is not waited for: the loader is called before anything else can happen.
    if (isPromiseLike(generations)) return this.#seek(leases, waiting, generations);
    this.#carry(generations);
    return this.#begin(now);
  }

  keep(loaded: unknown): Awaitable<unknown> {
    const session = this.#session;
    // Another node has loaded it, or nobody waits any more.
    if (session === undefined) return loaded;
    const checked = this.#checked(loaded);
    if (isPromiseLike(checked)) return checked.then((value) => this.#keep(value, session.said));
    return this.#keep(checked, session.said);
  }

  protected failed(error: unknown): void {
    const { clock, counters, emitter, flights } = this.#context;
    const { key, policy } = this.#order.call;
    if (this.isCancelled) return;
    counters.loadFailures += 1;
    if (this.previous !== undefined && !this.voided) {
      const from = clock.now();
      flights.cooling.begin(key, { from, until: from + policy.retryAfterMs });
    }
    if (emitter.heard.loadError > 0) emitter.emit("loadError", { key, error });
  }

  async #seek(
    leases: LeasesCapability | undefined,
    waiting: PromiseLike<void> | undefined,
    asked?: Promise<string | undefined>,
  ): Promise<unknown> {
    const { store } = this.#context;
    this.isSeeking = true;
    if (waiting !== undefined) await waiting;
    if (leases !== undefined) this.#right = await this.#rightTo(leases);
    else this.#carry(await (asked ?? store.generations(this.key)));
    if (this.#right?.type === "found") return this.#right.entry.value;
    // Given up while another node had the right: whoever waited has gone.
    if (this.landed) return undefined;
    this.isSeeking = false;
    return this.#begin(this.#context.clock.now());
  }

  /** Asks the store for the right to load. */
  #rightTo(leases: LeasesCapability): Promise<Right> {
    const { clock, report, store } = this.#context;
    const { standAside } = this.#order;
    const { previous } = this;
    // Fresh is not enough for a refresh ahead of the ttl: it has to be another one than what is being replaced.
    const isGoodEnough = (entry: CacheEntry): boolean =>
      isFresh(entry, clock.now()) &&
      (previous === undefined || entry.createdAt !== previous.createdAt || entry.freshUntil !== previous.freshUntil);
    const told = (operation: string, error: unknown, key: string): void =>
      report(operation, asStoreError(error, store.name), key);
    return seekRight({ leases, admit: store.admit, flight: this, standAside, isGoodEnough, clock, report: told });
  }

  /** Where no lease brings them. Where the store cannot say, what is loaded cannot be kept there. */
  #carry(generations: string | undefined): void {
    this.#generations = generations;
    if (generations === undefined && this.#context.store.hasGenerations)
      this.#right = { type: "alone", seen: undefined };
  }

  #begin(now: number): Awaitable<unknown> {
    const { counters } = this.#context;
    const { call, loader } = this.#order;
    this.#calledAt = now;
    counters.loads += 1;
    const session = new LoadSession<T>(call.id, this, this.#context.store.values);
    this.#session = session;
    return callChain.end(this, loader, session);
  }

  #checked(loaded: unknown): Awaitable<unknown> {
    const { key, policy } = this.#order.call;
    // Whoever waits for a load does so no longer than the load may take.
    const limits = { key, policy, limitMs: Number.POSITIVE_INFINITY };
    return checkedValue(this.#context, limits, this.#context.store.values.take(loaded));
  }

  #keep(value: unknown, said: Said | undefined): Awaitable<unknown> {
    const stored = said?.skipped !== true && this.#storeInTurn(value, said);
    if (isPromiseLike(stored)) return stored.then((isStored) => this.#told(value, isStored));
    return this.#told(value, stored);
  }

  #storeInTurn(value: unknown, said: Said | undefined): Awaitable<boolean> {
    const { flights } = this.#context;
    const isFree = !flights.isWriting(this.key);
    const stored = isFree ? this.#store(value, said) : undefined;
    // What is done at once nobody has to wait for.
    if (stored !== undefined && !isPromiseLike(stored)) return stored;
    return flights.inTurn([this.key], async () => stored ?? this.#store(value, said));
  }

  /** Stores what the load brought, unless it was given up or something invalidated the key since it began. */
  #store(value: unknown, said: Said | undefined): Awaitable<boolean> {
    const { clock, store } = this.#context;
    const { key } = this;
    const now = clock.now();
    const loaded = { value, createdAt: this.#calledAt, tags: said?.tags, ttlMs: said?.ttlMs };
    const made = makeEntry(this.#order.call.policy, loaded, now);
    if (this.voided || this.landed) return false;
    const right = this.#right;
    if (made === undefined) return this.#replaces(right) && this.#endReplaced(right);
    const replaced = right?.type === "lease" ? right.entry : this.previous;
    // A refresh of what is still fresh elsewhere is news to the other nodes; a fill of what is absent is not.
    const reason = replaced !== undefined && replaced.freshUntil > now ? "write" : "fill";
    // Most have no validator, and stay as they are.
    const entry = said?.validator === undefined ? made : { ...made, ...said.validator };
    if (right !== undefined) return store.fill(key, (to) => unload(to, right, { key, entry, reason }));
    return store.keep(key, entry, { reason, generations: this.#generations });
  }

  /** Whether something may be there that the load was to replace. What the store has not said may be anything. */
  #replaces(right: Right | undefined): boolean {
    if (this.previous !== undefined) return true;
    if (right?.type === "lease") return right.entry !== undefined;
    return right?.type === "alone" && (right.seen === undefined || right.seen.entry !== undefined);
  }

  /** The origin has nothing to keep any more: what was to be replaced ends, in every tier, and counts for nobody. */
  async #endReplaced(right: Right | undefined): Promise<false> {
    const { flights, store } = this.#context;
    const { key } = this;
    try {
      await store.fill(key, (to) => unload(to, right, { key, entry: undefined, reason: "write" }));
      return false;
    } finally {
      this.previous = undefined;
      flights.forget(key);
    }
  }

  #told(value: unknown, stored: boolean): unknown {
    const { clock, emitter } = this.#context;
    const { key } = this;
    if (emitter.heard.load > 0 && !this.landed) emitter.emit("load", { key, ms: clock.now() - this.#calledAt, stored });
    return value;
  }
}

/** The value as the schema gives it back; an absent result is not asked about. */
export function checkedValue(
  context: CacheContext,
  { key, policy, limitMs = policy.hardTimeoutMs }: Pick<Call, "key" | "policy"> & { readonly limitMs?: number },
  value: unknown,
): Awaitable<unknown> {
  if (context.check === undefined || isAbsentResult(policy, value)) return value;
  return context.check({ key, value, limitMs });
}

/**
 * Takes over what callers bring for `keys`, as it is now. What need not wait is written before this turn ends, and only
 * what waits, for a validator or for an earlier write, needs a copy: its caller may change it meanwhile.
 */
export function takerFor(
  { check, flights, store }: CacheContext,
  keys: readonly string[],
): (value: unknown) => unknown {
  const isLater = check !== undefined || keys.some((key) => flights.isWriting(key));
  return (value) => (isLater ? store.values.takeForLater(value) : store.values.take(value));
}

/** The entry of a value that is written now; `undefined` where the policy says not to store it. */
export function entryOf({ clock }: CacheContext, { policy }: Call, value: unknown): CacheEntry | undefined {
  const now = clock.now();
  return makeEntry(policy, { value, createdAt: now }, now);
}

interface Cargo {
  readonly key: string;
  /** What it brought; `undefined` where that is nothing to keep. */
  readonly entry: CacheEntry | undefined;
  readonly reason: WriteReason;
}

/** Writes as far as the right to load goes: under the lease, or in this process only. What is over may end anywhere. */
async function unload(store: CacheStore, right: Right | undefined, cargo: Cargo): Promise<boolean> {
  const { key, entry, reason } = cargo;
  if (right === undefined) return store.delete(key);
  if (right.type === "lease") return right.lease.fill(entry, { reason });
  // Another node loads it for all, and what it brings is what all are given.
  if (right.type === "found" || (right.seen !== undefined && entry !== undefined)) return false;
  const kept = await store.leases?.keepNear?.(key, entry);
  if (kept === undefined && entry === undefined) return store.delete(key);
  return kept ?? false;
}
