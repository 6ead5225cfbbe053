import { CacheError } from "@granary/core";

/** What is quoted of text that may be of any length. */
const LONGEST_REASON = 200;

/** The error for text that `superjson.stringify` did not write. */
export function unreadable(reason: string, cause?: unknown): CacheError {
  const said = reason.length > LONGEST_REASON ? `${reason.slice(0, LONGEST_REASON)}…` : reason;
  return new CacheError("UNREADABLE", `This is not what superjson writes: ${said}.`, { cause });
}
