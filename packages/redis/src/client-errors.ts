import { processWide } from "@granary/core";
import type { RedisClient } from "./redis-client.js";

type Report = (error: Error) => void;

interface Watch {
  readonly reports: Set<Report>;
  readonly listener: Report;
}

const watches = processWide("redis errors", () => new WeakMap<RedisClient, Watch>());

/**
 * Reports every `error` event of `client` until the function that is returned is called. However many stores
 * and buses share a client, it carries one listener of theirs: Node warns of a leak from the eleventh on.
 */
export function watchErrors(client: RedisClient, report: Report): () => void {
  const { reports } = watches.get(client) ?? attach(client);
  const own: Report = (error) => report(error);
  reports.add(own);
  return () => {
    if (reports.delete(own) && reports.size === 0) detach(client);
  };
}

/** Whether what is made on a client watches its errors. */
export interface ErrorWatch {
  begin(): void;
  end(): void;
}

/**
 * Watches the errors of `client` at once, so that one which nobody else listens to cannot end the process, until it is
 * ended, and begun anew where what was made on the client is used again.
 */
export function errorWatch(client: RedisClient, report: Report): ErrorWatch {
  let unwatch: (() => void) | undefined = watchErrors(client, report);
  return {
    begin() {
      unwatch ??= watchErrors(client, report);
    },
    end() {
      unwatch?.();
      unwatch = undefined;
    },
  };
}

function attach(client: RedisClient): Watch {
  const reports = new Set<Report>();
  const listener: Report = (error) => reports.forEach((report) => report(error));
  const watch = { reports, listener };
  watches.set(client, watch);
  client.on("error", listener);
  return watch;
}

function detach(client: RedisClient): void {
  const watch = watches.get(client);
  watches.delete(client);
  if (watch !== undefined) client.off("error", watch.listener);
}
