import { callChain, checkChain } from "./call-chain.js";
import { type CacheContext, type Call, isFresh } from "./context.js";
import type { Awaitable, CacheEntry } from "./entry.js";
import type { Flight, Outcome } from "./flight.js";
import { loadTimeout } from "./flights.js";
import { staleMs } from "./lifetime.js";
import { type Loader, startLoad } from "./load.js";
import { unlessAborted, waitFor } from "./patience.js";
import { countHit, countMiss } from "./read.js";

/** What to do about what the store holds. */
type Decision = "serve" | "serve and refresh" | "load";

/** How the wait for a flight ended, seen by one caller: also with its patience for a stale value at hand. */
type Ride = Outcome | { readonly type: "slow" };

/** A call and its loader. */
export interface Request<T> {
  readonly call: Call;
  readonly loader: Loader<T>;
  /** What a read of the store, just begun, answers; where there is none the store is asked. */
  readonly begun?: { readonly found: Awaitable<CacheEntry | undefined> };
  /** What a look that has just ended has found. */
  readonly seen?: { readonly entry: CacheEntry | undefined };
  /** When the caller began, where that was before this request. */
  readonly begunAt?: number;
  /** The load that calls, and waits for this one. */
  readonly awaitedBy?: Flight | undefined;
  /** Called where somebody else loads the key, here or on another node, and this request waits. */
  readonly standAside?: () => void;
  /** Called with the flight that this request has started. */
  readonly onStart?: (flight: Flight) => void;
}

/** How often a look is taken again because something changed the key meanwhile. After that, the key counts as absent. */
const MOST_LOOKS = 3;

/** The value of a key: fresh, stale as the policy allows, or loaded by one flight for all who ask. */
export function getOrSet<T>(context: CacheContext, request: Request<T>): Promise<T> {
  const { signal } = request.call;
  if (signal === undefined) return lookAndDecide(context, request);
  return unlessAborted(signal, () => lookAndDecide(context, request));
}

async function lookAndDecide<T>(context: CacheContext, request: Request<T>): Promise<T> {
  const { call, seen, begunAt = context.clock.now() } = request;
  const flying = context.flights.of(call.key);
  // Whoever joins a flight has seen what the flight has seen: no need to look again.
  const found = flying === undefined ? (seen ?? { entry: await look(context, request) }).entry : flying.previous;
  call.signal?.throwIfAborted();
  const decision = decide(context, call, found);
  if (found === undefined || decision === "load") return load(context, request, { found, begunAt });
  countHit(context, call.key, found);
  if (!isFresh(found, context.clock.now())) context.counters.stale += 1;
  if (decision === "serve and refresh") board(context, request, found).goBehind();
  return found.value as T;
}

/** What the store holds. A look that a change has overtaken is taken again: what it found may be what was deleted. */
async function look<T>(context: CacheContext, request: Request<T>): Promise<CacheEntry | undefined> {
  const { key } = request.call;
  let read = (): Awaitable<CacheEntry | undefined> => context.store.get(key, context.clock.now());
  const ask = read;
  const { begun } = request;
  if (begun !== undefined) read = () => begun.found;
  for (let looks = 0; looks < MOST_LOOKS; looks += 1) {
    const taken = context.flights.look(key, read);
    const found = await taken.found;
    if (!taken.voided) return found;
    read = ask;
  }
  return undefined;
}

function decide(context: CacheContext, { key, policy }: Call, found: CacheEntry | undefined): Decision {
  if (found === undefined) return "load";
  const now = context.clock.now();
  const { createdAt, freshUntil } = found;
  const cooling = (): boolean => context.flights.isCooling(key, now);
  if (freshUntil > now) {
    const refreshAt = createdAt + (freshUntil - createdAt) * policy.refreshAhead;
    return policy.refreshAhead === 0 || now < refreshAt || cooling() ? "serve" : "serve and refresh";
  }
  if (now < freshUntil + staleMs(policy) && cooling()) return "serve";
  return now < freshUntil + policy.staleWhileRevalidateMs ? "serve and refresh" : "load";
}

/** Joins the flight of the key, or starts it. */
function board<T>(context: CacheContext, request: Request<T>, previous: CacheEntry | undefined): Flight {
  const flying = context.flights.of(request.call.key);
  if (flying !== undefined) {
    request.standAside?.();
    return flying;
  }
  const started = startLoad(context, { ...request, previous });
  request.onStart?.(started);
  return started;
}

async function load<T>(context: CacheContext, request: Request<T>, { found, begunAt }: Looked): Promise<T> {
  const { call } = request;
  const caller = callChain.current();
  const { flights } = context;
  checkChain(caller, { key: call.key, owner: flights, joined: flights.of(call.key) });
  countMiss(context, call.key);
  const flight = board(context, { ...request, awaitedBy: caller }, found);
  flight.enter();
  caller?.waitsFor.add(flight);
  // Read after the flight has begun, so that its own deadline is never the later one for whoever started it.
  const callerDeadlineAt = context.clock.now() + call.policy.hardTimeoutMs;
  let stale = found;
  while (true) {
    const ride = await rideAlong(context, { call, flight, stale, begunAt, callerDeadlineAt });
    caller?.waitsFor.delete(flight);
    if (ride.type === "loaded") return ride.value as T;
    stale = await fallback(context, { call, flight, stale });
    if (stale !== undefined) return serveStale(context, { call, flight, stale, ride });
    if (ride.type === "failed") throw ride.error;
  }
}

interface Looked {
  readonly found: CacheEntry | undefined;
  /** When the call began: what the look has taken is taken off the patience for the load. */
  readonly begunAt: number;
}

interface Journey {
  readonly call: Call;
  readonly flight: Flight;
  readonly stale: CacheEntry | undefined;
}

interface Limits {
  readonly begunAt: number;
  readonly callerDeadlineAt: number;
}

/** Waits for the flight as long as this caller's limits allow. A caller without limits of its own shares the flight's. */
async function rideAlong(context: CacheContext, journey: Journey & Limits): Promise<Ride> {
  const { call, flight, stale, begunAt, callerDeadlineAt } = journey;
  const spentMs = context.clock.now() - begunAt;
  const softMs = stale === undefined ? Number.POSITIVE_INFINITY : Math.max(0, call.policy.softTimeoutMs - spentMs);
  const isStricter = callerDeadlineAt < flight.deadlineAt;
  const hardMs = isStricter ? callerDeadlineAt - context.clock.now() : Number.POSITIVE_INFINITY;
  const ms = Math.min(softMs, hardMs);
  if (ms === Number.POSITIVE_INFINITY && call.signal === undefined) return flight.outcome;
  const waited = await waitFor(flight.outcome, { clock: context.clock, ms, signal: call.signal });
  if (waited.type === "settled") return waited.value;
  if (waited.type === "late" && softMs <= hardMs) return { type: "slow" };
  const error = waited.type === "aborted" ? waited.reason : loadTimeout(call.key);
  if (flight.leave()) {
    flight.isCancelled = waited.type === "aborted";
    context.flights.abandon(flight, error);
  }
  return { type: "failed", error };
}

/** What may be served in place of the load: the stale value, unless it was deleted or replaced since. */
async function fallback(context: CacheContext, { call, flight, stale }: Journey): Promise<CacheEntry | undefined> {
  const isPast = flight.voided || flight.overtaken > 0;
  if (call.signal?.aborted === true || (stale === undefined && !isPast)) return undefined;
  const candidate = isPast ? await context.store.get(call.key, context.clock.now()) : stale;
  if (candidate === undefined) return undefined;
  return context.clock.now() < candidate.freshUntil + call.policy.staleIfErrorMs ? candidate : undefined;
}

function serveStale<T>(context: CacheContext, journey: Journey & { stale: CacheEntry; ride: Ride }): T {
  const { call, flight, stale, ride } = journey;
  const reason = ride.type === "slow" ? "slow" : "failed";
  if (reason === "slow") {
    flight.goBehind();
    flight.leave();
  }
  // What a write put in the place of the load since is as good as the load.
  if (isFresh(stale, context.clock.now())) return stale.value as T;
  context.counters.stale += 1;
  if (context.emitter.heard.fallback > 0) context.emitter.emit("fallback", { key: call.key, reason });
  return stale.value as T;
}
