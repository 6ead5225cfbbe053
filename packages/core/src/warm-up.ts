import type { LoadMany } from "./batch-load.js";
import type { Cache } from "./cache-types.js";
import { checkFunction } from "./check-arguments.js";
import { checkOptions, type OptionNames } from "./check-options.js";
import { describe } from "./describe.js";
import { CacheError } from "./errors.js";
import type { Id } from "./key.js";
import { CALL_OPTIONS, type CallOptions } from "./policy.js";

/** How a cache is warmed up. */
export interface WarmUpOptions extends CallOptions {
  /** Ids in one call of the loader. Default 100. */
  readonly batchSize?: number;
  /** Calls of the loader at the same time. Default 2. */
  readonly concurrency?: number;
  /** Called after each batch, and waited for. What it throws ends the warm-up. */
  readonly onProgress?: (progress: WarmUpProgress) => void;
}

/** How far a warm-up has come. */
export interface WarmUpProgress {
  /** Ids that were dealt with: loaded, or found fresh, which makes a warm-up that was cut short cheap to run again. */
  readonly done: number;
  /** Of these, how many have a value now. */
  readonly found: number;
}

const WARM_UP_OPTIONS: OptionNames<WarmUpOptions & { readonly loadMany: unknown }> = {
  loadMany: true,
  batchSize: true,
  concurrency: true,
  onProgress: true,
  ...CALL_OPTIONS,
};

/**
 * Loads what is missing of `ids`, a batch at a time. Ids that are fresh already cost a read, so after an interruption
 * it can simply be run again. Rejects with what `loadMany` throws, or with the signal's reason.
 */
export async function warmUp<T, In, K extends Id>(
  cache: Cache<T, In>,
  ids: Iterable<K> | AsyncIterable<K>,
  options: WarmUpOptions & { readonly loadMany: LoadMany<In, K> },
): Promise<WarmUpProgress> {
  checkOptions(options, WARM_UP_OPTIONS);
  const { loadMany, batchSize = 100, concurrency = 2, onProgress, ...call } = options;
  checkFunction(loadMany, "loadMany: takes a function that loads ids");
  if (onProgress !== undefined) checkFunction(onProgress, "onProgress: takes a function of how far it has come");
  if (!(Number.isInteger(batchSize) && batchSize >= 1 && Number.isInteger(concurrency) && concurrency >= 1)) {
    throw new CacheError("INVALID_OPTION", "batchSize and concurrency: write a whole number from 1 up.");
  }
  if (!isSource(ids))
    throw new CacheError("INVALID_OPTION", `Ids are a list, such as ["1", "2"], not ${describe(ids)}.`);
  const batches = batchesOf(ids, batchSize);
  const progress = { done: 0, found: 0 };
  const work = async (): Promise<void> => {
    for (let next = await batches.next(); next.done !== true; next = await batches.next()) {
      call.signal?.throwIfAborted();
      const values = await cache.getOrSetMany(next.value, loadMany, call);
      progress.done += next.value.length;
      progress.found += values.size;
      await (onProgress?.({ ...progress }) as unknown);
    }
  };
  try {
    await Promise.all(Array.from({ length: concurrency }, work));
  } finally {
    // After a failure the other workers find nothing more to draw, and the source is closed. What the source says to
    // that is nobody's concern: the failure is what is told.
    batches.return(undefined).catch(() => undefined);
  }
  return progress;
}

function isSource(ids: unknown): boolean {
  if (typeof ids !== "object" || ids === null) return false;
  return Symbol.iterator in ids || Symbol.asyncIterator in ids;
}

/** An async generator queues the calls of its `next`, so several workers can draw from one. */
async function* batchesOf<K extends Id>(
  ids: Iterable<K> | AsyncIterable<K>,
  size: number,
): AsyncGenerator<K[], undefined> {
  let batch: K[] = [];
  for await (const id of ids) {
    if (batch.push(id) < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
