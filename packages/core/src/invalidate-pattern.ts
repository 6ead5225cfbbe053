import { checkFunction, checkSignal } from "./check-arguments.js";
import { checkOptions, type OptionNames } from "./check-options.js";
import type { CacheContext } from "./context.js";
import { CacheError } from "./errors.js";

/** What a walk over many keys may be told. */
export interface PatternOptions {
  /** Ends the walk; what was deleted until then stays deleted. */
  readonly signal?: AbortSignal;
  /** Called after each batch with the number of entries deleted so far, and waited for. What it throws ends the walk. */
  readonly onProgress?: (deleted: number) => void;
}

const PATTERN_OPTIONS: OptionNames<PatternOptions> = { signal: true, onProgress: true };

/**
 * Deletes every entry of the namespace whose id, with its params, matches; resolves to how many there were. Children
 * of the namespace are left alone, as ids of theirs are not ids of this one.
 * @throws CacheError `UNSUPPORTED` where the store cannot walk its keys, `INVALID_OPTION` where the pattern is no text.
 */
export async function invalidatePattern(
  context: CacheContext,
  pattern: string,
  options: PatternOptions,
): Promise<number> {
  checkOptions(options, PATTERN_OPTIONS);
  const { signal, onProgress } = options;
  checkSignal(signal);
  if (onProgress !== undefined) checkFunction(onProgress, "onProgress: takes a function of the number deleted so far");
  if (typeof pattern !== "string") throw new CacheError("INVALID_OPTION", 'A pattern is text such as "user:*".');
  // Loads in the namespace are void, whatever their ids: what they bring is not in the store yet, where the walk would find it.
  const voidLoads = (): void => context.flights.voidAll([context.keys.base]);
  voidLoads();
  // What such a load has handed to the store already has to be there before the walk, or the walk would miss it.
  await context.flights.settled(context.keys.base);
  let deleted = 0;
  for await (const keys of context.store.walk(context.keys.glob(pattern))) {
    signal?.throwIfAborted();
    // A store may match more than it was asked for; nothing outside the namespace is ever touched.
    const own = keys.filter((key) => key.startsWith(context.keys.base));
    const existed = await context.flights.change(own, () => context.store.deleteMany(own));
    deleted += existed.filter((was) => was).length;
    await (onProgress?.(deleted) as unknown);
  }
  voidLoads();
  if (context.emitter.heard.invalidatePattern > 0) context.emitter.emit("invalidatePattern", { pattern, deleted });
  return deleted;
}
