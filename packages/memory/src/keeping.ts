import { type CacheEntry, CacheError, type ValuesCapability } from "@granary/core";
import { copyValue } from "./copy.js";
import { freezeValue } from "./freeze.js";

/**
 * What becomes of a value that one caller changes after another has stored or read it.
 *
 * | values | a caller changes what it read | costs |
 * | --- | --- | --- |
 * | `"shared"` | everybody sees the change | nothing |
 * | `"frozen"` | the change throws | a deep copy a write |
 * | `"cloned"` | nobody else sees it | a deep copy a write, and one a read |
 */
export type ValueMode = "shared" | "frozen" | "cloned";

/** As caches are told of it; where all share one value there is nothing to tell. */
export function valuesOf({ take, isGiven }: Keeping, mode: ValueMode): ValuesCapability | undefined {
  if (mode === "shared") return undefined;
  const taken = (value: unknown): unknown => take({ value, createdAt: 0, freshUntil: 0, keepUntil: 0 }).value;
  return { take: taken, give: (value) => (isGiven(value) ? value : taken(value)) };
}

/** The two ways that an entry passes through the store. */
export interface Keeping {
  /** What is stored for an entry that is set. @throws CacheError `INVALID_VALUE` where it cannot be kept so. */
  readonly take: (entry: CacheEntry) => CacheEntry;
  /** Whether readers are given the value that is stored; else each gets a copy. */
  readonly isGiven: (value: unknown) => boolean;
}

/** The keeping for `mode`. @throws CacheError `INVALID_OPTION` at an unknown mode. */
export function keepingFor(mode: ValueMode): Keeping {
  if (Object.hasOwn(KEEPINGS, mode)) return KEEPINGS[mode];
  throw new CacheError("INVALID_OPTION", `values is "shared", "frozen" or "cloned", not ${String(mode)}.`);
}

const KEEPINGS: Readonly<Record<ValueMode, Keeping>> = {
  shared: { take: (entry) => entry, isGiven: () => true },
  // What has bytes in it cannot be frozen.
  frozen: { take: frozen, isGiven: Object.isFrozen },
  cloned: { take: owned, isGiven: () => false },
};

function frozen(entry: CacheEntry): CacheEntry {
  const own = owned(entry);
  freezeValue(own.value);
  return own;
}

function owned(entry: CacheEntry): CacheEntry {
  const { tags } = entry;
  const value = copyValue(entry.value);
  return { ...entry, value, tags: tags && Object.freeze([...tags]) };
}
