import {
  type Admit,
  type CacheEntry,
  decodeValue,
  encodeValue,
  type Serializer,
  type ValuesCapability,
} from "@granary/core";
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
 * | `"serialized"` | nobody else sees it | an `encode` a write, and a `decode` a read |
 *
 * `"serialized"` is for tests: what a remote store would refuse, or bring back otherwise, it does too.
 */
export type ValueMode = "shared" | "frozen" | "cloned" | "serialized";

/** The two ways that an entry passes through the store. */
export interface Keeping {
  /** What is stored for an entry that is set. @throws CacheError `INVALID_VALUE` where it cannot be kept so. */
  readonly take: (entry: CacheEntry, key: string) => CacheEntry;
  /** Whether readers are given the value that is stored. */
  readonly isGiven: (value: unknown) => boolean;
  /** What a reader is given else. */
  readonly give: (entry: CacheEntry, key: string, admit?: Admit) => CacheEntry | undefined;
}

/**
 * As caches are told of it. Where all share one value there is nothing to tell; nor of values that are serialized: those
 * who wait for one load share what it brings, as they do where the store is a remote one.
 */
export function valuesOf({ take, isGiven }: Keeping, mode: ValueMode): ValuesCapability | undefined {
  if (mode === "shared" || mode === "serialized") return undefined;
  const taken = (value: unknown): unknown => take({ value, createdAt: 0, freshUntil: 0, keepUntil: 0 }, "").value;
  return { take: taken, give: (value) => (isGiven(value) ? value : taken(value)) };
}

/** How values are to be kept. */
export interface KeepingOptions {
  readonly values: ValueMode;
  /** For `"serialized"`. */
  readonly serializer: () => Serializer;
  /** Hears of what cannot be read. */
  readonly unreadable: (key: string, error: unknown) => void;
}

/** The keeping for a mode. @throws CacheError `INVALID_OPTION` where there is no serializer for it. */
export function keepingFor({ values, serializer, unreadable }: KeepingOptions): Keeping {
  return values === "serialized" ? serialized(serializer(), unreadable) : KEEPINGS[values];
}

const give: Keeping["give"] = (entry) => ({ ...entry, value: copyValue(entry.value) });

const KEEPINGS: Readonly<Record<Exclude<ValueMode, "serialized">, Keeping>> = {
  shared: { take: (entry) => entry, isGiven: () => true, give },
  // What has bytes in it cannot be frozen.
  frozen: { take: frozen, isGiven: Object.isFrozen, give },
  cloned: { take: (entry) => owned(entry, copyValue(entry.value)), isGiven: () => false, give },
};

/** The modes, for messages. */
export const VALUE_MODES: readonly string[] = [...Object.keys(KEEPINGS), "serialized"];

/** Each value is the text or the bytes that a remote store would hold. */
function serialized(serializer: Serializer, unreadable: KeepingOptions["unreadable"]): Keeping {
  return {
    take: (entry, key) => owned(entry, apart(encodeValue(entry.value, serializer, key))),
    isGiven: () => false,
    give(entry, key, admit) {
      try {
        const value = decodeValue(apart(entry.value as string | Uint8Array), serializer, key);
        const decoded = { ...entry, value };
        // Only a caller that hands in `admit` can be given a promise, and it knows.
        return admit === undefined ? decoded : (admit(key, decoded) as CacheEntry | undefined);
      } catch (error) {
        unreadable(key, error);
        return undefined;
      }
    },
  };
}

/** A serializer may use its bytes again, or give a view of those that it reads. */
function apart(encoded: string | Uint8Array): string | Uint8Array {
  return typeof encoded === "string" ? encoded : new Uint8Array(encoded);
}

function frozen(entry: CacheEntry): CacheEntry {
  const value = copyValue(entry.value);
  freezeValue(value);
  return owned(entry, value);
}

function owned(entry: CacheEntry, value: unknown): CacheEntry {
  const { tags } = entry;
  return { ...entry, value, tags: tags && Object.freeze([...tags]) };
}
