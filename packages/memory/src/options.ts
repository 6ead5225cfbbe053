import {
  CacheError,
  type Clock,
  checkClock,
  checkOptions,
  checkSerializer,
  checkText,
  type OptionNames,
  type Serializer,
  systemClock,
} from "@granary/core";
import { defaultSerializer } from "./default-serializer.js";
import type { Held } from "./held.js";
import { VALUE_MODES, type ValueMode } from "./keeping.js";
import { sizeOfHeld } from "./size-of.js";

/** What a memory store can be told. */
export interface MemoryStoreOptions {
  /**
   * The most entries held at once, up to 2^24. Room for the list of them is taken at once.
   * Default: 10 000, or no such bound where `maxBytes` is given.
   */
  readonly maxEntries?: number;
  /** The most bytes held at once, as `sizeOf` measures them. Default: no such bound. */
  readonly maxBytes?: number;
  /**
   * Measures an entry for `maxBytes`: a number from 0 up, rounded up to a whole one, and at least 1.
   * Default: an estimate of its heap bytes, its key, its tags and the store's own share included.
   * With `values: "serialized"` it is given the text or the bytes that are held.
   */
  readonly sizeOf?: (value: unknown, key: string) => number;
  /**
   * Whether callers share one value, share it frozen, or get a copy each; or, in tests, get what a remote store would
   * give. Default: `"shared"`.
   */
  readonly values?: ValueMode;
  /** For `values: "serialized"`: what the remote store is told. Default: `superjsonSerializer` of `@granary/superjson`. */
  readonly serializer?: Serializer;
  /** The clock that deadlines are in. Default: the machine's. Another one only in tests. */
  readonly clock?: Clock;
  /** Stands in events and statistics. Default: `"memory"`. */
  readonly name?: string;
}

/** Bounds as lru-cache takes them. */
export interface Bounds {
  readonly max: number;
  readonly maxSize: number;
  readonly sizeCalculation?: (held: Held, key: string) => number;
}

/** Options with every default filled in. */
export interface ResolvedOptions {
  readonly bounds: Bounds;
  readonly values: ValueMode;
  readonly serializer: () => Serializer;
  readonly clock: Clock;
  readonly name: string;
}

const OPTIONS: OptionNames<MemoryStoreOptions> = {
  maxEntries: true,
  maxBytes: true,
  sizeOf: true,
  values: true,
  serializer: true,
  clock: true,
  name: true,
};

const DEFAULT_MAX_ENTRIES = 10_000;

/** More than this a `Map` of V8 does not hold. */
const LARGEST_MAX_ENTRIES = 2 ** 24;

/** For lru-cache a bound of 0 is none. */
const UNBOUNDED = 0;

/** Checks options and fills them in. @throws CacheError `INVALID_OPTION`. */
export function resolveOptions(options: MemoryStoreOptions): ResolvedOptions {
  checkOptions(options, OPTIONS);
  const { values = "shared", serializer, clock = systemClock, name = "memory" } = options;
  if (!VALUE_MODES.includes(values))
    throw invalid(`values is one of ${VALUE_MODES.join(", ")}, not ${String(values)}.`);
  checkSerializer(serializer);
  if (serializer !== undefined && values !== "serialized")
    throw invalid('serializer is for values: "serialized": write that too, or leave serializer out.');
  return {
    bounds: boundsOf(options),
    values,
    serializer: () => serializer ?? defaultSerializer(),
    clock: checkClock(clock),
    name: checkText("name", name),
  };
}

function boundsOf({ maxEntries, maxBytes, sizeOf }: MemoryStoreOptions): Bounds {
  if (maxEntries !== undefined) requireCount("maxEntries", maxEntries, LARGEST_MAX_ENTRIES);
  if (maxBytes !== undefined) {
    requireCount("maxBytes", maxBytes, Number.MAX_SAFE_INTEGER);
    return { max: maxEntries ?? UNBOUNDED, maxSize: maxBytes, sizeCalculation: measure(sizeOf) };
  }
  if (sizeOf !== undefined) throw invalid("sizeOf measures for maxBytes: give maxBytes too, or leave sizeOf out.");
  return { max: maxEntries ?? DEFAULT_MAX_ENTRIES, maxSize: UNBOUNDED };
}

function measure(sizeOf: MemoryStoreOptions["sizeOf"]): (held: Held, key: string) => number {
  if (sizeOf === undefined) return sizeOfHeld;
  if (typeof sizeOf !== "function") throw invalid("sizeOf is a function of a value and its key.");
  return ({ value }, key) => {
    const bytes = sizeOf(value, key);
    if (typeof bytes !== "number" || !(bytes >= 0))
      throw invalid(`sizeOf gives a number of bytes from 0 up; it gave ${String(bytes)}.`);
    return Math.min(Math.max(1, Math.ceil(bytes)), Number.MAX_SAFE_INTEGER);
  };
}

function requireCount(option: string, count: number, largest: number): void {
  if (Number.isSafeInteger(count) && count > 0 && count <= largest) return;
  throw invalid(`${option} is a whole number from 1 to ${largest}, not ${String(count)}.`);
}

function invalid(message: string): CacheError {
  return new CacheError("INVALID_OPTION", message);
}
