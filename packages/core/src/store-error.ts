import { CacheError, isCacheError } from "./errors.js";
import { messageOf } from "./realms.js";

/** Errors that are the entry's own fault: no reader of another value, and no loader, has to suffer for them. */
export function isAboutValue(error: CacheError): boolean {
  return error.code === "UNREADABLE" || error.code === "INVALID_VALUE";
}

/** What the store `name` threw, as an error of this package. */
export function asStoreError(cause: unknown, name: string): CacheError {
  if (isCacheError(cause)) return cause;
  const reason = messageOf(cause);
  return new CacheError("STORE_FAILED", `The store "${name}" failed: ${reason}`, { cause });
}
