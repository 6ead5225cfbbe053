import { CacheError } from "@granary/core";

/** The error for text that `superjson.stringify` did not write. */
export function unreadable(reason: string): CacheError {
  return new CacheError("UNREADABLE", `This is not what superjson writes: ${reason}.`);
}
