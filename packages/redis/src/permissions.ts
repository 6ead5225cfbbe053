import { CacheError, isError } from "@granary/core";

/** What a store asks of Redis, by itself and in its script. */
const STORE_RULES =
  "~<keyPrefix>granary:* &granary:* +get +mget +set +del +unlink +pttl +pexpire +persist +zadd +zcard +zrange " +
  "+zremrangebyrank +zscore +publish +eval +evalsha +time +scan +ping";

/** What Redis 6 and 7 say of a command, of a key or a channel, and of what a script asks for. */
const REFUSAL = /^NOPERM|The user executing the script can't|ACL failure in script/;

/** Whether `error` says that the client's user may not do this. */
export function isNotPermitted(error: unknown): boolean {
  return isError(error) && REFUSAL.test(error.message);
}

/** `error`, or where the ACL of the user is in the way: what to write there. A server that says so has answered. */
export function orUnpermitted(error: unknown, rules = STORE_RULES): unknown {
  if (!isNotPermitted(error)) return error;
  const { message } = error as Error;
  return new CacheError(
    "UNSUPPORTED",
    `The ACL of the user of this client is in the way (${message}). What is needed: ${rules}.`,
    { cause: error },
  );
}
