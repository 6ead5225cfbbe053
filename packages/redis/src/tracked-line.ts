import { CacheError, type Clock, isError } from "@granary/core";
import { Line } from "./line.js";
import type { RedisConnection } from "./redis-client.js";

/** What such a line listens to, and what it tells. */
export interface TrackedLineParts {
  readonly clock: Clock;
  open(): RedisConnection | undefined;
  /** What the keys begin with, as Redis knows them. */
  readonly keyStart: string;
  begun(): void;
  /** Keys that were changed, by anybody and in any way; `null`: all of them. */
  heard(keys: readonly Uint8Array[] | null): void;
  /** Told once of each kind in an outage. */
  failed(error: unknown): void;
}

/** Where a server tells of keys to those who do not speak RESP3. */
const INVALIDATIONS = "__redis__:invalidate";

/**
 * A line to one server that tells which keys change there. The connection tracks the keys for itself, so that the
 * tracking cannot be lost without it: one that another connection asks for ends silently with that one. It hears of
 * this process's own changes too, which `NOLOOP` on the client's connection would not keep away: a server in
 * broadcasting mode does not count what a script changes as the caller's, and all our changes are made by a script.
 */
export function trackedLine({ clock, open, keyStart, ...told }: TrackedLineParts): Line {
  const begin = async (connection: RedisConnection): Promise<void> => {
    connection.on("messageBuffer", (_channel, keys) => {
      if (line.hears(connection)) told.heard(keys as readonly Uint8Array[] | null);
    });
    await track(connection, keyStart);
    await connection.subscribe(INVALIDATIONS);
  };
  const line = new Line({ clock, open, begin, begun: told.begun, failed: told.failed });
  return line;
}

async function track(connection: RedisConnection, keyStart: string): Promise<void> {
  try {
    const id = Number(await connection.callBuffer("CLIENT", "ID"));
    await connection.callBuffer("CLIENT", "TRACKING", "ON", "REDIRECT", id, "BCAST", "PREFIX", keyStart);
  } catch (error) {
    throw isRefusal(error) ? unsupported(error) : error;
  }
}

/** What a server says that does not know a command, or an ACL that does not permit it; not what passes by itself. */
function isRefusal(error: unknown): boolean {
  return isError(error) && /^(NOPERM|ERR (unknown|syntax error|wrong number))/i.test(error.message);
}

function unsupported(cause: unknown): CacheError {
  return new CacheError(
    "UNSUPPORTED",
    "This server, or the ACL of its user, does not let redisTracking() use CLIENT TRACKING, " +
      "which needs Redis 6 or later and the rule +client. Use redisBus({ client }) instead.",
    { cause },
  );
}
