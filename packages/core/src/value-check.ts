import { type Clock, runBehind } from "./clock.js";
import { describe } from "./describe.js";
import type { Awaitable } from "./entry.js";
import { isPromiseLike } from "./entry.js";
import { CacheError, isCacheError } from "./errors.js";
import { inTime, loadTimeout } from "./in-time.js";
import { messageOf } from "./realms.js";
import { describeIssues, type SchemaResult, type StandardSchema } from "./schema.js";
import type { Admit } from "./store.js";

/** What is checked, and how long an answer is waited for. */
export interface Checked {
  readonly key: string;
  readonly value: unknown;
  /** `Infinity` where the wait for a load ends by itself. */
  readonly limitMs: number;
}

/**
 * The value as the schema gives it back.
 * @throws CacheError `INVALID_VALUE` where it does not fit, or the validator fails; `LOAD_TIMEOUT` where it does not answer.
 */
export type ValueCheck = (checked: Checked) => Awaitable<unknown>;

/** Makes the check of values that are about to be stored. */
export function checkValue(schema: StandardSchema, clock: Clock): ValueCheck {
  return ({ key, value, limitMs }) => {
    const failed = (cause: unknown): never => {
      throw isCacheError(cause, "INVALID_VALUE")
        ? cause
        : invalid(`The schema failed at ${key}: ${messageOf(cause)}`, cause);
    };
    try {
      const result = schema["~standard"].validate(value);
      if (!isPromiseLike(result)) return accepted(key, result);
      // Wrapped, since the `then` of a stranger may throw, or call back twice.
      const answer = Promise.resolve(result)
        .then((settled) => accepted(key, settled))
        .catch(failed);
      // Of many values one may be refused at once: then nobody waits for the others.
      answer.catch(() => {});
      if (limitMs === Number.POSITIVE_INFINITY) return answer;
      return inTime(answer, { timer: (end) => runBehind(clock, limitMs, end), late: () => loadTimeout(key) });
    } catch (cause) {
      return failed(cause);
    }
  };
}

/**
 * Makes the judge of entries that come out of a remote store: one that does not fit is absent, and reported.
 * `isAbsent` tells the values that negative caching stores without asking the schema.
 */
export function admitWith(options: {
  readonly check: ValueCheck;
  readonly limitMs: number;
  isAbsent(value: unknown): boolean;
  report(key: string, error: unknown): void;
}): Admit {
  return async (key, entry) => {
    const { value } = entry;
    if (options.isAbsent(value)) return entry;
    try {
      return { ...entry, value: await options.check({ key, value, limitMs: options.limitMs }) };
    } catch (error) {
      options.report(key, error);
      return undefined;
    }
  };
}

function accepted(key: string, result: SchemaResult<unknown>): unknown {
  if (!isResult(result)) throw invalid(noResult(key, result));
  if (result.issues === undefined) return result.value;
  throw invalid(`The value for ${key} does not fit the schema: ${describeIssues(result.issues)}`);
}

function isResult(result: unknown): result is SchemaResult<unknown> {
  if (typeof result !== "object" || result === null) return false;
  const { issues } = result as { readonly issues?: unknown };
  return issues === undefined ? "value" in result : Array.isArray(issues);
}

function invalid(message: string, cause?: unknown): CacheError {
  return new CacheError("INVALID_VALUE", message, { cause });
}

/** A validator that somebody wrote by hand mostly gives the value itself, or true, or null. */
function noResult(key: string, result: unknown): string {
  return `The schema does not say whether the value for ${key} fits: its validate() gives { value } or { issues: [{ message }] }, and gave ${describe(result)}.`;
}
