import { randomUUID } from "node:crypto";
import { type BusListener, type CacheBus, checkText, type OptionNames } from "@granary/core";
import { BusEnd, type Ear } from "./bus-end.js";
import { busText, readBusText } from "./bus-text.js";
import { errorWatch } from "./client-errors.js";
import { GapTimer } from "./gap-timer.js";
import { orUnpermitted } from "./permissions.js";
import { type RedisClient, requireClient } from "./redis-client.js";
import { steadyClock } from "./steady-clock.js";
import { subscribedLine } from "./subscribed-line.js";

/** How a bus on Redis is made. */
export interface RedisBusOptions {
  /** A `Redis` or `Cluster` of ioredis 5 or 6, or of iovalkey. The bus publishes on it and never closes it. */
  readonly client: RedisClient;
  /** Where the nodes of one fleet meet. The client's `keyPrefix` and `db` do not apply to it. Default: `"granary:bus"`. */
  readonly channel?: string;
  /** Stands in events. Default: `"redis"`. */
  readonly name?: string;
}

const OPTIONS: OptionNames<RedisBusOptions> = { client: true, channel: true, name: true };

/**
 * A bus on publish/subscribe of Redis or Valkey. It listens on a connection of its own, made from the client's settings
 * with the first listener and closed with the last one; all buses on one client share it. The server is asked twice a second
 * whether it is there; a connection that is lost, or silent for a second, is replaced, for ever. Messages are lost
 * meanwhile, hence a `gap` each time it begins to listen, and every two seconds while it does not.
 * @throws CacheError `INVALID_OPTION`
 */
export function redisBus(options: RedisBusOptions): CacheBus {
  const client = requireClient("redisBus", options, OPTIONS);
  const { channel = "granary:bus", name = "redis" } = options;
  checkText("channel", channel);
  checkText("name", name);
  const id = randomUUID();
  // Nothing to tell here: whoever publishes on a client that is down is told by the rejection.
  const errors = errorWatch(client, () => {});
  const end = new BusEnd((told) => channelEar({ client, channel, id, told }), errors);
  return {
    name,
    async publish(message) {
      end.assertOpen();
      try {
        await client.publish(channel, busText(id, message));
      } catch (error) {
        throw orUnpermitted(error, rulesOf(channel));
      }
    },
    subscribe: (listener) => end.subscribe(listener),
    close: () => end.close(),
  };
}

/** What a bus needs in an ACL. */
function rulesOf(channel: string): string {
  return `+subscribe +publish +ping &${channel}, or redisTracking({ client }) in place of redisBus()`;
}

interface ChannelEarParts {
  readonly client: RedisClient;
  readonly channel: string;
  /** The bus itself, whose own messages come back. */
  readonly id: string;
  readonly told: BusListener;
}

function channelEar({ client, channel, id, told }: ChannelEarParts): Ear {
  const hear = (text: string): void => {
    const heard = readBusText(text);
    if (heard.from === id) return;
    if (heard.from === undefined) told.error(heard.error);
    else told.message(heard.message);
  };
  const failed = (error: unknown): void => told.error(orUnpermitted(error, rulesOf(channel)));
  const line = subscribedLine({ client, channel, heard: hear, begun: () => gaps.tell(), failed });
  const gaps = new GapTimer({ clock: steadyClock, aliveAt: () => line.aliveAt, gap: told.gap });
  return {
    get isListening() {
      return line.isListening;
    },
    close() {
      gaps.close();
      return line.close();
    },
  };
}
