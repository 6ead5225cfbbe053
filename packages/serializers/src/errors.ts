import { CacheError } from "@granary/core";

/** The error for bytes that are not what was written, or that cannot be read here. */
export function unreadable(reason: string, cause?: unknown): CacheError {
  return new CacheError("UNREADABLE", `The payload cannot be read: ${reason}.`, { cause });
}

/** The error for an option that is not of its form. */
export function invalidOption(message: string): CacheError {
  return new CacheError("INVALID_OPTION", message);
}
