import type { Clock } from "@granary/core";
import { Line } from "./line.js";
import { ownConnection } from "./own-connection.js";
import type { RedisClient, RedisConnection } from "./redis-client.js";
import { steadyClock } from "./steady-clock.js";

/** Where such a line listens, and what it tells. */
export interface SubscribedLineParts {
  readonly client: RedisClient;
  readonly channel: string;
  readonly clock?: Clock;
  /** The channel is being listened to from now on; what was said before is lost. */
  begun(): void;
  heard(text: string): void;
  /** Told once of each kind in an outage. */
  failed(error: unknown): void;
}

/** A line that listens on one channel, wherever in a cluster something is published there. */
export function subscribedLine({ client, channel, clock = steadyClock, ...told }: SubscribedLineParts): Line {
  const line = new Line({
    clock,
    open: () => ownConnection(client),
    begin: (connection: RedisConnection) => {
      connection.on("message", (_channel, text) => {
        if (line.hears(connection)) told.heard(text);
      });
      return connection.subscribe(channel);
    },
    begun: told.begun,
    failed: told.failed,
  });
  return line;
}
