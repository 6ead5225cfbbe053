import { describe } from "./describe.js";
import type { Awaitable } from "./entry.js";
import { isPromiseLike } from "./entry.js";
import { CacheError } from "./errors.js";
import { describeIssues, type SchemaResult, type StandardSchema } from "./schema.js";
import type { Admit } from "./store.js";

/**
 * The value as the schema gives it back.
 * @throws CacheError `INVALID_VALUE` where it does not fit.
 */
export type ValueCheck = (key: string, value: unknown) => Awaitable<unknown>;

/** Makes the check of values that are about to be stored. */
export function checkValue(schema: StandardSchema): ValueCheck {
  return (key, value) => {
    const result = schema["~standard"].validate(value);
    return isPromiseLike(result) ? result.then((settled) => accepted(key, settled)) : accepted(key, result);
  };
}

/**
 * Makes the judge of entries that come out of a remote store: one that does not fit is absent, and reported.
 * `isAbsent` tells the values that negative caching stores without asking the schema.
 */
export function admitWith(options: {
  readonly check: ValueCheck;
  isAbsent(value: unknown): boolean;
  report(key: string, error: unknown): void;
}): Admit {
  return async (key, entry) => {
    if (options.isAbsent(entry.value)) return entry;
    try {
      return { ...entry, value: await options.check(key, entry.value) };
    } catch (error) {
      options.report(key, error);
      return undefined;
    }
  };
}

function accepted(key: string, result: SchemaResult<unknown>): unknown {
  if (!isResult(result)) throw new CacheError("INVALID_VALUE", noResult(key, result));
  if (result.issues === undefined) return result.value;
  throw new CacheError(
    "INVALID_VALUE",
    `The value for ${key} does not fit the schema: ${describeIssues(result.issues)}`,
  );
}

function isResult(result: unknown): result is SchemaResult<unknown> {
  if (typeof result !== "object" || result === null) return false;
  const { issues } = result as { readonly issues?: unknown };
  return issues === undefined ? "value" in result : Array.isArray(issues);
}

/** A validator that somebody wrote by hand mostly gives the value itself, or true, or null. */
function noResult(key: string, result: unknown): string {
  return `The schema does not say whether the value for ${key} fits: its validate() gives { value } or { issues: [{ message }] }, and gave ${describe(result)}.`;
}
