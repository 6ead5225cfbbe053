import { isForbiddenKey, isJsonNumber } from "./kinds.js";
import { Seen } from "./seen.js";

const { getPrototypeOf, prototype: objectPrototype, values } = Object;
const { isArray, prototype: arrayPrototype } = Array;

/**
 * Whether superjson would write `value` as `JSON.stringify` does and add nothing: strings, booleans, null, finite
 * numbers, and arrays and records of those in which no object occurs twice. `false` where that is not certain.
 */
export function isPlain(value: unknown): boolean {
  return typeof value === "object" && value !== null ? isPlainTree(value, new Seen()) : isPlainLeaf(value);
}

/** As `isPlain`, for what is not an object. */
function isPlainLeaf(value: unknown): boolean {
  if (typeof value === "string" || typeof value === "boolean") return true;
  if (typeof value === "number") return isJsonNumber(value);
  return value === null;
}

function isPlainTree(tree: object, seen: Seen): boolean {
  if (seen.meet(tree)) return false;
  const prototype: unknown = getPrototypeOf(tree);
  if (isArray(tree)) return prototype === arrayPrototype && isPlainArray(tree, seen);
  const isRecord = prototype === objectPrototype || (prototype === null && tree !== objectPrototype);
  return isRecord && isPlainRecord(tree as Record<string, unknown>, seen);
}

function isPlainArray(array: readonly unknown[] & { readonly toJSON?: unknown }, seen: Seen): boolean {
  // JSON also asks for one that is not enumerable, and superjson does not.
  if (array.toJSON !== undefined) return false;
  for (let i = 0; i < array.length; i++) {
    const item = array[i];
    // The most frequent case, without a call.
    if (typeof item === "string") continue;
    if (typeof item === "object" && item !== null ? !isPlainTree(item, seen) : !isPlainLeaf(item)) return false;
  }
  // No item was a hole, so a different count means named properties, which superjson walks too.
  return values(array).length === array.length;
}

function isPlainRecord(record: Record<string, unknown>, seen: Seen): boolean {
  if (record["toJSON"] !== undefined) return false;
  // Inherited keys come up here as well and can only make the answer "no". `Object.keys` costs more.
  for (const key in record) {
    if (isForbiddenKey(key)) return false;
    const item = record[key];
    if (typeof item === "string") continue;
    if (typeof item === "object" && item !== null ? !isPlainTree(item, seen) : !isPlainLeaf(item)) return false;
  }
  return true;
}
