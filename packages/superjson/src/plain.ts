import { isForbiddenKey, isJsonNumber } from "./kinds.js";
import { meet, type Seen, seenFrom } from "./seen.js";

const { getPrototypeOf, prototype: objectPrototype, values } = Object;
const { isArray, prototype: arrayPrototype } = Array;

/** So many objects of a list may wait. A longer list is looked into as it is read: often its first item says no. */
const WAITING = 16;

/**
 * Whether superjson would write `value` as `JSON.stringify` does and add nothing: strings, booleans, null, finite
 * numbers, and arrays and records of those in which no object occurs twice. `false` where that is not certain.
 */
export function isPlain(value: unknown): boolean {
  return typeof value === "object" && value !== null ? areAllPlain(seenFrom(value)) : isPlainLeaf(value);
}

/** Looks into what was met, in that order. To look into each object where it stands, by recursion, costs more. */
function areAllPlain(seen: Seen): boolean {
  while (seen.next < seen.count) {
    const value = seen.objects[seen.next++];
    if (!(isArray(value) ? isPlainArray(value, seen) : isPlainRecord(value as Record<string, unknown>, seen)))
      return false;
  }
  return true;
}

/** As `isPlain`, for what is not an object. */
function isPlainLeaf(value: unknown): boolean {
  if (value === null || typeof value === "boolean" || typeof value === "string") return true;
  return typeof value === "number" && isJsonNumber(value);
}

/** As `isPlain`, for an object that stands in a list. */
function isPlainItem(item: object, seen: Seen): boolean {
  if (meet(item, seen)) return false;
  return seen.isAhead || seen.count - seen.next < WAITING || areWaitingPlain(seen);
}

/** Looks into what waits, and into all that it meets there: never from within itself, so that no value is too deep. */
function areWaitingPlain(seen: Seen): boolean {
  seen.isAhead = true;
  const arePlain = areAllPlain(seen);
  seen.isAhead = false;
  return arePlain;
}

// JSON also asks for a `toJSON` that is not enumerable, and superjson does not. To ask for it first tells the compiler
// what shape the object has, and so, often, what its prototype is.

function isPlainArray(array: readonly unknown[] & { readonly toJSON?: unknown }, seen: Seen): boolean {
  if (array.toJSON !== undefined || getPrototypeOf(array) !== arrayPrototype) return false;
  for (let i = 0; i < array.length; i++) {
    const item = array[i];
    // The most frequent case, without a call.
    if (typeof item === "string") continue;
    if (typeof item === "object" && item !== null ? !isPlainItem(item, seen) : !isPlainLeaf(item)) return false;
  }
  // No item was a hole, so a different count means named properties, which superjson walks too.
  return values(array).length === array.length;
}

function isPlainRecord(record: Record<string, unknown>, seen: Seen): boolean {
  if (record["toJSON"] !== undefined) return false;
  const prototype: unknown = getPrototypeOf(record);
  if (prototype !== objectPrototype && (prototype !== null || record === objectPrototype)) return false;
  // Inherited keys come up here as well and can only make the answer "no". `Object.keys` costs more.
  for (const key in record) {
    if (isForbiddenKey(key)) return false;
    const item = record[key];
    if (typeof item === "string") continue;
    if (typeof item === "object" && item !== null ? meet(item, seen) : !isPlainLeaf(item)) return false;
  }
  return true;
}
