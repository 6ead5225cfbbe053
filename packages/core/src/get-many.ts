import { BatchLoad, isFailedAlone, type LoadMany } from "./batch-load.js";
import { callChain } from "./call-chain.js";
import { type CacheContext, type Call, isFresh } from "./context.js";
import { type Awaitable, type CacheEntry, isPromiseLike } from "./entry.js";
import type { Flight } from "./flight.js";
import { getOrSet } from "./get-or-set.js";
import type { Id } from "./key.js";
import type { Loader } from "./load.js";
import { countHit, countMiss } from "./read.js";

type Found = CacheEntry | undefined;

/** The fresh values of the ids that have one, in one round trip. */
export async function getMany<T>(context: CacheContext, calls: readonly Call[]): Promise<Map<Id, T>> {
  const now = context.clock.now();
  const keys = calls.map(({ key }) => key);
  const found = await context.store.getMany(keys, now);
  const readAt = context.clock.now();
  const values = new Map<Id, T>();
  calls.forEach(({ id, key }, at) => {
    const entry = found[at];
    if (entry === undefined || !isFresh(entry, readAt)) return countMiss(context, key);
    countHit(context, key, entry);
    context.flights.supersede(key, entry.createdAt);
    if (entry.value !== undefined) values.set(id, entry.value as T);
  });
  return values;
}

/**
 * The values of the ids: each as `getOrSet` would give it, read in one round trip and loaded by one call. An id that
 * the loader reports as failed is left out, and told as an event; a loader that fails as a whole rejects.
 */
export async function getOrSetMany<T>(
  context: CacheContext,
  calls: readonly Call[],
  loadMany: LoadMany<T>,
): Promise<Map<Id, T>> {
  // Before anything is read: what is read for a caller who has left would have nobody to tell of its failure.
  calls[0]?.signal?.throwIfAborted();
  const { calls: unique, stop } = withOwnSignals([...new Map(calls.map((call) => [call.key, call])).values()]);
  const batch = new BatchLoad<T>(
    loadMany,
    unique.map(({ key }) => key),
  );
  const found = readTogether(context, unique);
  const outcomes = new Map(
    unique.map((call, at) => [call.key, answer(context, { call, batch, found: found?.[at] })] as const),
  );
  await Promise.allSettled(outcomes.values());
  stop();
  const values = new Map<Id, T>();
  for (const { id, key } of calls) {
    const outcome = await outcomes.get(key);
    if (outcome?.type === "value" && outcome.value !== undefined) values.set(id, outcome.value);
  }
  return values;
}

/** A signal for each id, behind one listener: the runtime warns of a leak where one signal has a listener an id. */
function withOwnSignals(calls: readonly Call[]): { readonly calls: readonly Call[]; stop(): void } {
  const signal = calls[0]?.signal;
  if (signal === undefined || signal.aborted) return { calls, stop: () => undefined };
  const controllers = calls.map(() => new AbortController());
  const abort = (): void => {
    for (const controller of controllers) controller.abort(signal.reason);
  };
  signal.addEventListener("abort", abort, { once: true });
  return {
    calls: calls.map((call, at) => ({ ...call, signal: controllers[at]?.signal })),
    stop: () => signal.removeEventListener("abort", abort),
  };
}

interface Question<T> {
  readonly call: Call;
  readonly batch: BatchLoad<T>;
  readonly found: { readonly found: Awaitable<Found> } | undefined;
}

type Answer<T> = { readonly type: "value"; readonly value: T } | { readonly type: "failed alone" };

/** What one id of the batch comes to. */
async function answer<T>(context: CacheContext, { call, batch, found }: Question<T>): Promise<Answer<T>> {
  const { key } = call;
  const settle = (): void => batch.settle(key);
  let flight: Flight | undefined;
  const loadMine = batch.loaderOf(key);
  const loader: Loader<T> = (session) => {
    flight = callChain.current();
    return loadMine(session);
  };
  let mine: Flight | undefined;
  const standAside = (): void => {
    flight = context.flights.of(key);
    settle();
  };
  try {
    const value = await getOrSet<T>(context, {
      call,
      loader,
      standAside,
      onStart: (started) => {
        mine = started;
      },
      ...(found !== undefined && { begun: found }),
    });
    // A refresh behind may still be asking for the right to load: then the batch waits for it, or it would load alone.
    if (mine === undefined) settle();
    else mine.whenLanded(settle);
    return { type: "value", value };
  } catch (error) {
    settle();
    if (isFailedAlone(flight, error)) return { type: "failed alone" };
    throw error;
  }
}

/** Begins one read of all keys that nobody is asking for yet, seen by each of them as a read of its own. */
function readTogether(context: CacheContext, calls: readonly Call[]): ReadonlyArray<Question<never>["found"]> {
  const idle = calls.filter(({ key }) => !context.flights.isBusy(key)).map(({ key }) => key);
  if (idle.length === 0) return [];
  const read = context.store.getMany(idle, context.clock.now());
  const position = new Map(idle.map((key, at) => [key, at]));
  return calls.map(({ key }) => {
    const at = position.get(key);
    if (at === undefined) return undefined;
    return { found: isPromiseLike(read) ? read.then((entries) => entries[at]) : read[at] };
  });
}
