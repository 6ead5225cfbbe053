import { CacheError, isError } from "@granary/core";

/** A server that is full; one that takes no value so large; and one that closes the connection for it. */
const REFUSALS = /^OOM |OOM command not allowed|exceeds maximum allowed size|Protocol error: invalid bulk length/;

/** `error`, or where the server does not take this one change, a `STORE_REFUSED`: it is well, and takes others. */
export function orRefused(error: unknown): unknown {
  if (!isError(error) || !REFUSALS.test(error.message)) return error;
  const what = error.message.includes("OOM") ? "it is full (see maxmemory)" : "the value is too large for it";
  return new CacheError("STORE_REFUSED", `Redis does not take this: ${what}.`, { cause: error });
}
