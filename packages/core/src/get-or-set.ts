import { callChain, recursionOf } from "./call-chain.js";
import { callSafely } from "./call-safely.js";
import { type CacheContext, type Call, isFresh } from "./context.js";
import { type CacheEntry, isPromiseLike } from "./entry.js";
import type { Flight, FlightPlan, Outcome } from "./flight.js";
import { loadTimeout } from "./in-time.js";
import { staleMs } from "./lifetime.js";
import { Load, type LoadOrder } from "./load.js";
import { type Look, MOST_LOOKS } from "./look.js";
import { unlessAborted, waitFor } from "./patience.js";
import { countHit, countMiss, rememberPlace } from "./read.js";

/** What to do about what the store holds. */
type Decision = "serve" | "serve and refresh" | "load";

/** How the wait for a flight ended, seen by one caller: also with its patience for a stale value at hand. */
type Ride = Outcome | { readonly type: "slow" };

/** A call and its loader. */
export interface Request<T> extends LoadOrder<T> {
  /** What a look that has just ended has found. */
  readonly seen?: { readonly entry: CacheEntry | undefined };
  /** When the caller began, where that was before this request. */
  readonly begunAt?: number;
  /** Called with the flight that this request has started. */
  readonly onStart?: (flight: Flight) => void;
}

/** The value of a key: fresh, stale as the policy allows, or loaded by one flight for all who ask. */
export function getOrSet<T>(context: CacheContext, request: Request<T>): Promise<T> {
  const { signal } = request.call;
  if (signal === undefined) return lookAndDecide(context, request);
  return unlessAborted(signal, () => lookAndDecide(context, request));
}

/** What a look has found. */
interface Looked {
  readonly found: CacheEntry | undefined;
  /** When the call began: what the look has taken is taken off the patience for the load. */
  readonly begunAt: number;
  /** When the look ended, which is this moment. */
  readonly now: number;
}

/** A store that answers at once is not waited for: the loader is called before anything else can happen. */
function lookAndDecide<T>(context: CacheContext, request: Request<T>): Promise<T> {
  const { key } = request.call;
  const now = context.clock.now();
  const { begunAt = now, seen } = request;
  const flying = context.flights.joinable(key, now);
  // Whoever joins a flight has seen what the flight has seen: no need to look again.
  if (flying !== undefined)
    return decide(context, request, { found: context.store.values.own(flying.previous), begunAt, now });
  if (seen !== undefined)
    return decide(context, request, { found: context.store.values.own(seen.entry), begunAt, now });
  const look = context.flights.look(key, now, context.store);
  const { found } = look;
  if (isPromiseLike(found)) return decideLater(context, request, { look, begunAt });
  return decide(context, request, { found, begunAt, now });
}

/** A look that a change has overtaken is taken again: what it found may be what was deleted. */
async function decideLater<T>(
  context: CacheContext,
  request: Request<T>,
  { look, begunAt }: { readonly look: Look; readonly begunAt: number },
): Promise<T> {
  const { key, signal } = request.call;
  let taken = look;
  let found = await taken.found;
  for (let looks = 1; taken.voided && looks < MOST_LOOKS; looks += 1) {
    taken = context.flights.look(key, context.clock.now(), context.store);
    found = await taken.found;
  }
  signal?.throwIfAborted();
  return decide(context, request, {
    found: taken.voided ? undefined : context.store.values.own(found),
    begunAt,
    now: context.clock.now(),
  });
}

function decide<T>(context: CacheContext, request: Request<T>, looked: Looked): Promise<T> {
  const { call } = request;
  const { found, now } = looked;
  const decision = found === undefined ? "load" : decisionOn(context, { call, found, now });
  if (found === undefined || decision === "load") return load(context, request, looked);
  countHit(context, call.key, found);
  if (isFresh(found, now)) rememberPlace(context, call);
  else context.counters.stale += 1;
  if (decision === "serve and refresh")
    refresh(context, request, { call, previous: context.store.values.own(found), awaitedBy: undefined, now });
  return Promise.resolve(found.value as T);
}

function decisionOn(context: CacheContext, { call, found, now }: Found): Decision {
  const { key, policy } = call;
  const { createdAt, freshUntil } = found;
  const cooling = (): boolean => context.flights.cooling.isOn(key, now);
  if (freshUntil > now) {
    const refreshAt = createdAt + (freshUntil - createdAt) * policy.refreshAhead;
    return policy.refreshAhead === 0 || now < refreshAt || cooling() ? "serve" : "serve and refresh";
  }
  if (now < freshUntil + staleMs(policy) && cooling()) return "serve";
  return now < freshUntil + policy.staleWhileRevalidateMs ? "serve and refresh" : "load";
}

interface Found {
  readonly call: Call;
  readonly found: CacheEntry;
  readonly now: number;
}

/** Has the key loaded behind, unless it is being loaded. */
function refresh<T>(context: CacheContext, request: Request<T>, plan: FlightPlan): void {
  const flying = context.flights.inTheAir(request.call.key, plan.now);
  if (flying === undefined) return goBehind(context, request.call, start(context, request, plan));
  request.standAside?.();
  flying.goBehind();
}

/** From here on the flight of `call` is nobody's who waits: what keeps such work alive is told of it. */
function goBehind({ report }: CacheContext, { key, policy }: Call, flight: Flight): void {
  flight.goBehind();
  const { waitUntil } = policy;
  if (waitUntil === undefined) return;
  callSafely(
    () => waitUntil(new Promise<void>((resolve) => flight.whenLanded(() => resolve()))),
    (error) => report("waitUntil", error, key),
  );
}

/** Joins the flight of the key, or starts it. */
function board<T>(context: CacheContext, request: Request<T>, plan: FlightPlan): Flight {
  const flying = context.flights.joinable(request.call.key, plan.now);
  if (flying === undefined) return start(context, request, plan);
  request.standAside?.();
  return flying;
}

function start<T>(context: CacheContext, request: Request<T>, plan: FlightPlan): Flight {
  const started = new Load(context, request, plan);
  context.flights.start(started, plan.now);
  request.onStart?.(started);
  return started;
}

function load<T>(context: CacheContext, request: Request<T>, looked: Looked): Promise<T> {
  const { call } = request;
  const { found, now } = looked;
  const caller = callChain.current();
  const recursion = caller && recursionOf(caller, call.key, context.flights);
  if (recursion !== undefined) return Promise.reject(recursion);
  countMiss(context, call.key);
  const flight = board(context, request, { call, previous: context.store.values.own(found), awaitedBy: caller, now });
  flight.enter();
  caller?.waitsFor.add(flight);
  return travel<T>(context, { call, flight, looked, caller });
}

interface Journey {
  readonly call: Call;
  readonly flight: Flight;
  /** What the caller saw before: a stale value, if any. */
  readonly looked: Looked;
  /** The load that calls, and waits for the flight. */
  readonly caller: Flight | undefined;
}

/** Waits for the flight as long as this caller's limits allow. A caller without limits of its own shares the flight's. */
function travel<T>(context: CacheContext, journey: Journey): Promise<T> {
  const { call, flight, looked } = journey;
  const isPatient = looked.found === undefined || call.policy.softTimeoutMs === Number.POSITIVE_INFINITY;
  // Whoever has started the flight gives up with it.
  const callerDeadlineAt = looked.now + call.policy.hardTimeoutMs;
  if (isPatient && callerDeadlineAt >= flight.deadlineAt && call.signal === undefined)
    return new Promise((resolve) => {
      flight.whenLanded((outcome) => {
        const isSimple = outcome.type === "loaded" && journey.caller === undefined;
        resolve(isSimple ? (context.store.values.give(outcome.value) as T) : arrive<T>(context, journey, outcome));
      });
    });
  return rideAlong(context, journey).then((ride) => arrive<T>(context, journey, ride));
}

async function arrive<T>(context: CacheContext, journey: Journey, ride: Ride): Promise<T> {
  journey.caller?.waitsFor.delete(journey.flight);
  if (ride.type === "loaded") return context.store.values.give(ride.value) as T;
  const stale = await fallback(context, journey);
  if (stale !== undefined) return serveStale(context, { ...journey, stale, ride });
  if (ride.type === "failed") throw ride.error;
  return travel(context, { ...journey, looked: { ...journey.looked, found: undefined } });
}

async function rideAlong(context: CacheContext, journey: Journey): Promise<Ride> {
  const { call, flight, looked } = journey;
  const now = context.clock.now();
  const callerDeadlineAt = looked.now + call.policy.hardTimeoutMs;
  const softMs =
    looked.found === undefined
      ? Number.POSITIVE_INFINITY
      : Math.max(0, call.policy.softTimeoutMs - Math.max(0, now - looked.begunAt));
  const hardMs = callerDeadlineAt < flight.deadlineAt ? callerDeadlineAt - now : Number.POSITIVE_INFINITY;
  // As in the limits of a flight: the clock may be another one than it was.
  const ms = Math.min(softMs, hardMs, hardMs === Number.POSITIVE_INFINITY ? hardMs : call.policy.hardTimeoutMs);
  const waited = await waitFor(flight, { clock: context.clock, ms, signal: call.signal });
  if (waited.type === "loaded" || waited.type === "failed") return waited;
  if (waited.type === "late" && softMs <= hardMs) return { type: "slow" };
  const error = waited.type === "aborted" ? waited.reason : loadTimeout(call.key);
  if (flight.leave()) {
    flight.isCancelled = waited.type === "aborted";
    context.flights.abandon(flight, error);
  }
  return { type: "failed", error };
}

/** What may be served in place of the load: the stale value, unless it was deleted or replaced since. */
async function fallback(context: CacheContext, { call, flight, looked }: Journey): Promise<CacheEntry | undefined> {
  const stale = looked.found;
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
    goBehind(context, call, flight);
    flight.leave();
  }
  // What a write put in the place of the load since is as good as the load.
  if (isFresh(stale, context.clock.now())) return stale.value as T;
  context.counters.stale += 1;
  if (context.emitter.heard.fallback > 0) context.emitter.emit("fallback", { key: call.key, reason });
  return stale.value as T;
}
