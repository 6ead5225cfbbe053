import { callChain } from "./call-chain.js";
import { type CacheContext, type Call, isFresh } from "./context.js";
import type { Awaitable, CacheEntry } from "./entry.js";
import type { Flight } from "./flight.js";
import { type Right, seekRight } from "./lease.js";
import { isAbsentResult, makeEntry } from "./lifetime.js";
import { type LoadContext, type Loaded, LoadSession } from "./load-context.js";
import type { CacheStore, LeasesCapability } from "./store.js";

/** Produces the value of an id. What it throws reaches the caller as it is. */
export type Loader<T> = (context: LoadContext<T>) => Awaitable<T>;

/** What a flight is to do. */
export interface LoadOrder<T> {
  readonly call: Call;
  readonly loader: Loader<T>;
  /** What was found before, and is not good enough. */
  readonly previous: CacheEntry | undefined;
  /** The load that called, and waits for this one. */
  readonly awaitedBy?: Flight | undefined;
  /** Called where another node loads the key, and this flight waits for it. */
  readonly standAside?: (() => void) | undefined;
}

/** Starts the flight that loads a key, stores the result and tells of it. */
export function startLoad<T>(context: CacheContext, order: LoadOrder<T>): Flight {
  const { key, policy } = order.call;
  const deadlineAt = context.clock.now() + policy.hardTimeoutMs;
  const { previous, awaitedBy } = order;
  const flight = context.flights.start({ key, previous, deadlineAt, awaitedBy }, (started) =>
    load(context, order, started),
  );
  void flight.outcome.then((outcome) => {
    if (outcome.type === "failed") tellFailure(context, { call: order.call, flight, error: outcome.error });
  });
  return flight;
}

async function load<T>(context: CacheContext, order: LoadOrder<T>, flight: Flight): Promise<unknown> {
  const { call, loader } = order;
  flight.isSeeking = true;
  const waiting = context.store.ready();
  if (waiting !== undefined) await waiting;
  // A store without leases is not waited for: the loader is called before anything else can happen.
  const leases = call.policy.lease ? context.store.leases : undefined;
  const right =
    leases === undefined ? undefined : await rightTo(context, { leases, flight, standAside: order.standAside });
  if (right?.type === "found") return right.entry.value;
  // Given up while another node had the right: whoever waited has gone.
  if (flight.landed) return undefined;
  flight.isSeeking = false;
  const [createdAt, startedAt] = [context.stamps.begin(), context.clock.now()];
  context.counters.loads += 1;
  const session = new LoadSession<T>(call.id, flight);
  const loaded = session.finish(await callChain.run(flight, () => loader(session)));
  const value = await checkedValue(context, call, loaded.value);
  const ms = context.clock.now() - startedAt;
  const stored = await keep(context, { call, flight, right, createdAt, loaded: { ...loaded, value } });
  if (!flight.landed && context.emitter.heard.load > 0) context.emitter.emit("load", { key: call.key, ms, stored });
  return value;
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

interface Cargo {
  readonly call: Call;
  readonly flight: Flight;
  readonly right: Right | undefined;
  readonly createdAt: number;
  readonly loaded: Loaded;
}

/** Stores what a flight brought, unless the flight was given up or something invalidated the key since it began. */
async function keep(context: CacheContext, cargo: Cargo): Promise<boolean> {
  const { call, flight, loaded, createdAt } = cargo;
  if (loaded.skipped) return false;
  return context.flights.inTurn([call.key], async () => {
    const candidate = { ...loaded, createdAt };
    const now = context.clock.now();
    const entry = makeEntry(call.policy, candidate, now);
    if (entry === undefined || flight.voided || flight.landed) return false;
    return context.store.fill(call.key, (store) => unload(store, { ...cargo, now }, withValidator(entry, loaded)));
  });
}

/** Most entries have none, and stay as they are. */
function withValidator(entry: CacheEntry, { validator }: Loaded): CacheEntry {
  return validator.etag === undefined && validator.lastModified === undefined ? entry : { ...entry, ...validator };
}

/** Writes as far as the right to load goes: under the lease, in this process only, or plainly where there are no leases. */
async function unload(
  store: CacheStore,
  { call, flight, right, now }: Cargo & { now: number },
  entry: CacheEntry,
): Promise<boolean> {
  const replaced = right?.type === "lease" ? right.entry : flight.previous;
  // A refresh of what is still fresh elsewhere is news to the other nodes; a fill of what is absent is not.
  const reason = replaced !== undefined && replaced.freshUntil > now ? "write" : "fill";
  if (right?.type === "lease") return right.lease.fill(entry, reason);
  if (right?.type === "alone") return (await store.leases?.keepNear?.(call.key, entry)) ?? false;
  await store.set(call.key, entry, reason);
  return true;
}

interface Failure {
  readonly call: Call;
  readonly flight: Flight;
  readonly error: unknown;
}

function tellFailure(context: CacheContext, { call, flight, error }: Failure): void {
  const { key, policy } = call;
  if (flight.isCancelled) return;
  context.counters.loadFailures += 1;
  if (flight.previous !== undefined && !flight.voided) {
    context.flights.coolDown(key, context.clock.now() + policy.retryAfterMs);
  }
  if (context.emitter.heard.loadError > 0) context.emitter.emit("loadError", { key, error });
}
