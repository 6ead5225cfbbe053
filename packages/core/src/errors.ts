import { isError } from "./realms.js";

/**
 * Every way in which Granary itself says no.
 *
 * | code | meaning |
 * | --- | --- |
 * | `INVALID_OPTION` | an option or argument is not of its form; the message says what to write instead |
 * | `INVALID_KEY` | an id, a namespace or `params` cannot become part of a key |
 * | `INVALID_VALUE` | a value does not fit the schema, or cannot be written by the serializer |
 * | `UNREADABLE` | the bytes that a store holds under a key are not an entry |
 * | `UNSUPPORTED` | the store lacks a capability that the call needs |
 * | `STORE_FAILED` | the store threw, rejected or cannot be reached; `cause` holds its error |
 * | `STORE_REFUSED` | the store answered that it does not take this one change: it is full, for example |
 * | `STORE_TIMEOUT` | the store did not answer in time; what it was asked may still be done |
 * | `STORE_UNAVAILABLE` | the store was not asked: its circuit breaker is open, or too many calls have no answer yet |
 * | `LOAD_TIMEOUT` | a load, or a check by the schema, did not end within `hardTimeout` |
 * | `LOAD_FAILED` | a loader called `fail()` with something that is not an error |
 * | `RECURSIVE_LOAD` | a loader waits, directly or through others, for its own result |
 * | `CLOSED` | the cache was used after `close()` |
 */
export type CacheErrorCode =
  | "INVALID_OPTION"
  | "INVALID_KEY"
  | "INVALID_VALUE"
  | "UNREADABLE"
  | "UNSUPPORTED"
  | "STORE_FAILED"
  | "STORE_REFUSED"
  | "STORE_TIMEOUT"
  | "STORE_UNAVAILABLE"
  | "LOAD_TIMEOUT"
  | "LOAD_FAILED"
  | "RECURSIVE_LOAD"
  | "CLOSED";

/** The one error class of Granary. A loader's own error is never wrapped in it. */
export class CacheError extends Error {
  readonly code: CacheErrorCode;

  constructor(code: CacheErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = "CacheError";
    this.code = code;
  }
}

/** Whether `error` is a `CacheError`, also one of another copy of this package; with `code`, of that code. */
export function isCacheError(error: unknown, code?: CacheErrorCode): error is CacheError {
  if (!isError(error) || error.name !== "CacheError" || !("code" in error)) return false;
  return code === undefined || error.code === code;
}
