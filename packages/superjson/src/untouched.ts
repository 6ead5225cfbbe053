import type { SuperJSON } from "superjson";
import { TYPED_ARRAYS } from "./bytes.js";

type Constructor = Parameters<SuperJSON["registerClass"]>[0];

/** What plain data consists of. A class registered under one of these names changes how all of it is written. */
const PLAIN: readonly Constructor[] = [Object, Array, String, Number, Boolean];
// `BigInt` is no class to the compiler, but superjson looks up whatever `value.constructor` is.
const BIG_INT: unknown = BigInt;
const BUILT_IN = [
  Date,
  Map,
  Set,
  RegExp,
  URL,
  BIG_INT as Constructor,
  ...(TYPED_ARRAYS as Constructor[]),
  ArrayBuffer,
  DataView,
];

/**
 * Whether `instance` leaves plain data as it is: no custom transformer, which could claim any value,
 * and no class registered over plain data. Asked anew for each value, since users register when they like.
 */
export function leavesPlainData(instance: SuperJSON): boolean {
  return !hasTransformers(instance) && (!hasClasses(instance) || !isAnyRegistered(PLAIN, instance));
}

/** Whether `instance` writes dates, maps and the like as a new one does. To be asked after `leavesPlainData`. */
export function leavesBuiltIns(instance: SuperJSON): boolean {
  return instance["dedupe"] === false && (!hasClasses(instance) || !isAnyRegistered(BUILT_IN, instance));
}

function isAnyRegistered(classes: readonly Constructor[], { classRegistry }: SuperJSON): boolean {
  return classes.some((one) => classRegistry.getIdentifier(one) !== undefined);
}

// Neither registry can be asked whether it is empty, but both keep what they hold under the names below.
// Where another version of superjson does not, the answer is that it may hold something.

function hasClasses({ classRegistry }: SuperJSON): boolean {
  const table: unknown = classRegistry["kv"]?.keyToValue;
  return !(table instanceof Map) || table.size > 0;
}

function hasTransformers({ customTransformerRegistry }: SuperJSON): boolean {
  const table: unknown = customTransformerRegistry["transfomers"];
  if (typeof table !== "object" || table === null) return true;
  // Says yes, too, where a program has added a property to all objects. Our walks would take that for their own.
  for (const _ in table) return true;
  return false;
}
