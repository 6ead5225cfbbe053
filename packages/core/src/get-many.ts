import { BatchLoad, isFailedAlone, type LoadMany } from "./batch-load.js";
import { callChain } from "./call-chain.js";
import { type CacheContext, type Call, isFresh } from "./context.js";
import type { CacheEntry } from "./entry.js";
import type { Flight, Outcome } from "./flight.js";
import { getOrSet } from "./get-or-set.js";
import type { Id } from "./key.js";
import type { StandAside } from "./lease.js";
import type { Loader } from "./load.js";
import type { ManyLook } from "./many-look.js";
import { countHit, judge } from "./read.js";

type Found = CacheEntry | undefined;

/** The fresh values of the ids that have one, in one round trip. `keys` are theirs, in the same order. */
export async function getMany<T>(
  context: CacheContext,
  ids: readonly Id[],
  keys: readonly string[],
): Promise<Map<Id, T>> {
  const found = await context.store.getMany(keys, context.clock.now());
  const readAt = context.clock.now();
  const values = new Map<Id, T>();
  for (let at = 0; at < ids.length; at += 1) {
    const value = judge<T>(context, keys[at] as string, { entry: found[at], readAt });
    if (value !== undefined) values.set(ids[at] as Id, value);
  }
  return values;
}

function keysOf(calls: readonly Call[]): readonly string[] {
  return calls.map(({ key }) => key);
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
  const requests = new Requests<T>(context, loadMany);
  const looks = await lookTogether(context, calls, requests);
  await requests.end();
  const values = new Map<Id, T>();
  for (let at = 0; at < calls.length; at += 1) {
    const [{ id, key }, hit] = [calls[at] as Call, looks[at]?.hit];
    // One key may stand for two ids, and a look be shared: each is given a value of its own.
    const value = context.store.values.give(hit === undefined ? requests.valueOf(key) : hit.value) as T | undefined;
    if (value !== undefined) values.set(id, value);
  }
  return values;
}

/** Reads all keys that nobody is asking for yet. What is fresh is a hit, and the others become requests. */
async function lookTogether<T>(
  context: CacheContext,
  calls: readonly Call[],
  requests: Requests<T>,
): Promise<ManyLook["looks"]> {
  const many = context.flights.lookMany(keysOf(calls), async (idle) =>
    context.store.getMany(idle, context.clock.now()),
  );
  const { looks } = many;
  const [first] = calls;
  // A caller who may leave, or have something fresh refreshed, shares each look as a request of its own.
  const isSimple = first?.signal === undefined && first?.policy.refreshAhead === 0;
  const deal = (found?: readonly Found[]): void => {
    const now = context.clock.now();
    calls.forEach((call, at) => {
      const look = looks[at];
      const entry = look && found?.[look.place];
      // Who shares a look that has failed fails as it did; what it found before a change may be what was there before.
      if (look === undefined || found === undefined || look.voided) return requests.add({ call, at });
      if (entry === undefined || !isFresh(entry, now)) return requests.add({ call, at, seen: { entry } });
      if (look.hit === undefined) countHit(context, call.key, entry);
      look.hit = entry;
    });
  };
  calls.forEach((call, at) => {
    if (!isSimple || looks[at] === undefined) requests.add({ call, at });
  });
  if (isSimple) await many.read.then(deal, () => deal());
  for (const look of looks) look?.end();
  // No load lands before those who share a look have decided what to do: they would not see it, and load again.
  if (isSimple) await Promise.allSettled(looks.flatMap((look) => look?.shared ?? []));
  return looks;
}

interface Question {
  readonly call: Call;
  /** Where its id stands in the batch. */
  readonly at: number;
  /** What a look that has just ended has found. */
  readonly seen?: { readonly entry: Found };
}

/** The ids of a batch that take more than a look: each is asked for as by `getOrSet`, and one call loads them. */
class Requests<T> {
  readonly #context: CacheContext;
  readonly #batch: BatchLoad<T>;
  readonly #answers = new Map<string, Outcome | undefined>();
  readonly #pending: Promise<void>[] = [];
  readonly #begunAt: number;

  constructor(context: CacheContext, loadMany: LoadMany<T>) {
    this.#context = context;
    this.#batch = new BatchLoad(loadMany, context.report);
    this.#begunAt = context.clock.now();
  }

  /** One whose key was added already is the same request. */
  add(question: Question): void {
    const { key } = question.call;
    if (this.#answers.has(key)) return;
    this.#answers.set(key, undefined);
    // Never a rejection: it would have nobody to tell for as long as other ids are still read.
    const answer = (outcome: Outcome): void => void this.#answers.set(key, outcome);
    this.#pending.push(
      this.#answer(question).then(
        (value) => answer({ type: "loaded", value }),
        (error: unknown) => answer({ type: "failed", error }),
      ),
    );
  }

  /** No more are added. Resolves when each has come to something. */
  async end(): Promise<void> {
    this.#batch.settle();
    await Promise.all(this.#pending);
  }

  /** Throws what the load did; `undefined` where that failed for this id alone. */
  valueOf(key: string): T | undefined {
    const outcome = this.#answers.get(key);
    if (outcome?.type === "failed") throw outcome.error;
    return outcome?.value as T | undefined;
  }

  async #answer({ at, ...asked }: Question): Promise<T | undefined> {
    const [context, batch, { key }] = [this.#context, this.#batch, asked.call];
    const loadMine = batch.add(key, at);
    const settle = (): void => batch.settle(key);
    let flight: Flight | undefined;
    const loader: Loader<T> = (session) => {
      flight = callChain.current();
      return loadMine(session);
    };
    let mine: Flight | undefined;
    const standAside: StandAside = () => {
      flight = context.flights.of(key);
      return batch.standAside(key, mine);
    };
    const onStart = (started: Flight): void => {
      mine = started;
      // A refresh behind may still be asking for the right to load: then the batch waits for it, or it would load alone.
      started.whenLanded(settle);
    };
    try {
      const value = await getOrSet<T>(context, { ...asked, loader, standAside, onStart, begunAt: this.#begunAt });
      if (mine === undefined) settle();
      return value;
    } catch (error) {
      settle();
      if (isFailedAlone(flight, error)) return undefined;
      throw error;
    }
  }
}
