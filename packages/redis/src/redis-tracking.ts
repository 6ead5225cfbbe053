import {
  type BusListener,
  type BusMessage,
  type CacheBus,
  CacheError,
  checkText,
  type OptionNames,
  processWide,
} from "@granary/core";
import { BusEnd, type Ear } from "./bus-end.js";
import { errorWatch } from "./client-errors.js";
import { ClusterLines } from "./cluster-lines.js";
import { GapTimer } from "./gap-timer.js";
import { InvalidationReads } from "./invalidation-reads.js";
import type { Line } from "./line.js";
import { ownConnection } from "./own-connection.js";
import { keyPrefixOf, type RedisClient, type RedisConnection, requireClient } from "./redis-client.js";
import { steadyClock } from "./steady-clock.js";
import { sortKeys } from "./tracked-keys.js";
import { trackedLine } from "./tracked-line.js";
import { unpipelined } from "./unpipelined.js";

/** How a bus on the tracking of Redis is made. */
export interface RedisTrackingOptions {
  /** The client that the store has, or one of the same `keyPrefix` and server. The bus never closes it. */
  readonly client: RedisClient;
  /** The `prefix` of the caches. What is told of keys that begin otherwise is not for them. Default: `"granary"`. */
  readonly prefix?: string;
  /** Stands in events. Default: `"redis tracking"`. */
  readonly name?: string;
}

const OPTIONS: OptionNames<RedisTrackingOptions> = { client: true, prefix: true, name: true };

/**
 * A bus on which Redis or Valkey says itself which keys have changed: by whatever program, by expiry, eviction or
 * `FLUSHALL`. So nothing is published; whoever writes to the store has said so. It listens on a connection of its own
 * to the server, or to each master of a cluster, kept and watched as that of `redisBus` is, and shared likewise. It hears the
 * changes of this process as well, which costs a read of the store after each. Needs Redis 6 and the right to `CLIENT
 * TRACKING`: where that is refused, listeners are told an `UNSUPPORTED`, and gaps, as of a server that is down.
 * @throws CacheError `INVALID_OPTION`
 */
export function redisTracking(options: RedisTrackingOptions): CacheBus {
  const client = requireClient("redisTracking", options, OPTIONS);
  const { prefix = "granary", name = "redis tracking" } = options;
  if (typeof prefix !== "string" || prefix === "" || /[:{}]/.test(prefix)) {
    throw new CacheError("INVALID_OPTION", '`prefix` must be that of the caches: text without ":", "{" and "}".');
  }
  checkText("name", name);
  const shared = sharedEnd(client, prefix);
  const end = new BusEnd(
    (told) => earOf(shared, told),
    errorWatch(client, () => {}),
  );
  return {
    name,
    async publish(message) {
      end.assertOpen();
      checkPrefix(message, prefix);
    },
    subscribe: (listener) => end.subscribe(listener),
    close: () => end.close(),
  };
}

/** What is tracked for a client, by prefix: all buses on it share one connection. */
const ends = processWide("redis tracking", () => new WeakMap<RedisClient, Map<string, BusEnd>>());

function sharedEnd(client: RedisClient, prefix: string): BusEnd {
  const ofClient = ends.get(client) ?? new Map<string, BusEnd>();
  ends.set(client, ofClient);
  const end = ofClient.get(prefix) ?? new BusEnd((told) => new TrackingEar({ client, prefix, told }));
  ofClient.set(prefix, end);
  return end;
}

function earOf(shared: BusEnd, told: BusListener): Ear {
  const stop = shared.subscribe(told);
  return {
    get isListening() {
      return shared.isListening;
    },
    close: stop,
  };
}

/** Whoever writes a key that nobody is told of would never know. */
function checkPrefix(message: BusMessage, prefix: string): void {
  if (message.type === "gap") return;
  const keys = message.type === "changed" ? message.keys : [message.scope];
  const other = keys.find((key) => !key.startsWith(`${prefix}:`));
  if (other === undefined) return;
  const hint = `redisTracking({ client, prefix: ${JSON.stringify(other.slice(0, Math.max(0, other.indexOf(":"))))} })`;
  throw new CacheError("INVALID_OPTION", `This bus hears of keys of "${prefix}" only, not of ${other}: write ${hint}.`);
}

interface TrackingEarParts {
  readonly client: RedisClient;
  readonly prefix: string;
  readonly told: BusListener;
}

/** What Redis says, as messages of a bus. */
class TrackingEar implements Ear {
  readonly #lines: Line | ClusterLines;
  readonly #gaps: GapTimer;
  readonly #invalidations: InvalidationReads;

  constructor({ client, prefix, told }: TrackingEarParts) {
    const clock = steadyClock;
    this.#invalidations = new InvalidationReads({ client: unpipelined(client), clock, told });
    const [begun, failed, sort] = [() => this.#gaps.tell(), told.error, sortKeys(client, prefix)];
    const heard = (keys: readonly Uint8Array[] | null): void => {
      if (keys === null) return this.#gaps.tell();
      const { values, records } = sort(keys);
      if (values.length > 0) told.message({ type: "changed", keys: values });
      this.#invalidations.read(records);
    };
    const keyStart = `${keyPrefixOf(client)}${prefix}:`;
    const lineTo = (open: () => RedisConnection | undefined, isUp: () => void): Line =>
      trackedLine({ clock, open, keyStart, heard, begun: isUp, failed });
    this.#lines =
      client.isCluster === true
        ? new ClusterLines({ clock, client, lineTo, begun, moved: begun, failed })
        : lineTo(() => ownConnection(client), begun);
    const aliveAt = (): number => Math.min(this.#lines.aliveAt, this.#invalidations.unreadSince);
    this.#gaps = new GapTimer({ clock, aliveAt, gap: told.gap });
  }

  get isListening(): boolean {
    return this.#lines.isListening;
  }

  close(): Promise<void> {
    this.#gaps.close();
    this.#invalidations.close();
    return this.#lines.close();
  }
}
