import { CacheError } from "@granary/core";
import type { SuperJSON } from "superjson";
import { adopt } from "./adopt.js";
import { annotate } from "./annotate.js";
import { decode } from "./decode.js";
import { inspect } from "./inspect.js";
import { isSame } from "./is-same.js";
import { isPlain } from "./plain.js";
import { stringifyBy } from "./stringify-by.js";
import { leavesBuiltIns, leavesPlainData } from "./untouched.js";

/** The text that `instance.stringify(value)` writes, by the cheapest of three ways that is certain to give it. */
export function encode(value: unknown, instance: SuperJSON): string {
  // A program that gives all objects or arrays a `toJSON` changes what JSON writes for each of them.
  if (!leavesPlainData(instance) || "toJSON" in Array.prototype) return encodeByInstance(value, instance);
  if (isPlain(value)) return `{"json":${JSON.stringify(value)}}`;
  const text = leavesBuiltIns(instance) ? annotate(value) : undefined;
  return text ?? encodeByInstance(value, instance);
}

function encodeByInstance(value: unknown, instance: SuperJSON): string {
  const own = adopt(value);
  if (own !== value) return encode(own, instance);
  const { repeats, holdsBytes } = inspect(value, instance);
  const text = holdsBytes ? stringifyBy(instance, value) : instance.stringify(value);
  // Within sets, map keys, errors and cycles, superjson does not always find the second place of an object again.
  if (repeats && !isSame(value, readBack(text, instance), instance)) throw tangled();
  return text;
}

function readBack(text: string, instance: SuperJSON): unknown {
  try {
    return decode(text, instance);
  } catch (cause) {
    throw tangled(cause);
  }
}

function tangled(cause?: unknown): CacheError {
  return new CacheError(
    "INVALID_VALUE",
    "value holds an object twice, or within itself, in a way that superjson does not bring back; store it once.",
    { cause },
  );
}
