import {
  type CacheStore,
  type Clock,
  checkClock,
  checkSerializer,
  checkText,
  type OptionNames,
  type Serializer,
  StoreLifecycle,
  snapshotBy,
  systemClock,
} from "@granary/core";
import { superjsonSerializer } from "@granary/superjson";
import { errorWatch } from "./client-errors.js";
import { type EntryCodec, entryCodec } from "./entry-codec.js";
import { entryDeletes } from "./entry-deletes.js";
import { entryReads } from "./entry-reads.js";
import { EntryWrites } from "./entry-writes.js";
import { watchFailovers } from "./failovers.js";
import { Generations } from "./generations.js";
import { slotsOf } from "./key-groups.js";
import { leaseKeys } from "./lease-key.js";
import { LeaseWakes } from "./lease-wakes.js";
import { ReadBatch } from "./read-batch.js";
import { type RedisClient, requireClient } from "./redis-client.js";
import { redisLeases } from "./redis-leases.js";
import { ServerClock } from "./server-clock.js";
import { steadyClock } from "./steady-clock.js";
import { unpipelined } from "./unpipelined.js";
import { walkKeys } from "./walk-keys.js";
import { WriteBatch } from "./write-batch.js";

/** How a Redis store is made. */
export interface RedisStoreOptions {
  /** A `Redis` or `Cluster` of ioredis 5 or 6, or of iovalkey. It stays yours: the store never closes it. */
  readonly client: RedisClient;
  /** Turns values into what Redis holds. Default: `superjsonSerializer`. */
  readonly serializer?: Serializer;
  /** The clock that deadlines are in. Default: the server's, sampled now and then. Given only in tests. */
  readonly clock?: Clock;
  /** Stands in events and statistics. Default: `"redis"`. */
  readonly name?: string;
}

const OPTIONS: OptionNames<RedisStoreOptions> = { client: true, serializer: true, clock: true, name: true };

/**
 * A store on Redis or Valkey. Reads asked for in one turn of the event loop go out as one `MGET`, changes as one
 * script. Bytes that cannot be read are a miss, and an `error` event. What the client rejects with passes through.
 *
 * The store has one `error` listener on the client until the last cache on it is closed. From then on a client without a
 * listener of your own writes its errors to `stderr`, as ioredis does: close the client too, or give it one.
 * @throws CacheError `INVALID_OPTION`
 */
export function redisStore(options: RedisStoreOptions): CacheStore {
  const client = requireClient("redisStore", options, OPTIONS);
  const { serializer = superjsonSerializer, clock, name = "redis" } = options;
  checkSerializer(serializer);
  checkClock(clock);
  checkText("name", name);
  const failed = (error: Error): void => life.tell({ type: "error", operation: "connection", error });
  const errors = errorWatch(client, failed);
  const life: StoreLifecycle = new StoreLifecycle(name, () => {
    errors.begin();
    unwatch = watchFailovers(client, () => life.tell({ type: "failover" }));
    return rest;
  });
  let unwatch = (): void => {};
  const rest = (): Promise<void> => {
    errors.end();
    unwatch();
    return wakes.rest();
  };
  const report = (key: string, error: unknown): void => life.tell({ type: "error", operation: "get", key, error });
  const codec = entryCodec({ serializer, tier: name, report });
  const serverClock = new ServerClock(() => client.time(), steadyClock, systemClock);
  const wakes = new LeaseWakes(client);
  const walk = (glob: string): AsyncIterable<readonly string[]> => walkKeys(client, glob);
  // The clock of a test is in step by itself.
  const ready = (): Promise<void> | undefined => (clock === undefined ? serverClock.ready() : undefined);
  const parts = { client, codec, wakes, ready, report, clock: clock ?? serverClock };
  const traits = { name, clock: parts.clock, admits: true as const, snapshot: snapshotBy(serializer) };
  const store = { ...traits, ...capabilities(parts), ready, walk };
  return {
    ...life.checked(store),
    close: async () => {
      await life.close();
      await rest();
    },
  };
}

interface Parts {
  readonly client: RedisClient;
  readonly clock: Clock;
  readonly codec: EntryCodec;
  readonly wakes: LeaseWakes;
  readonly ready: () => Promise<void> | undefined;
  readonly report: (key: string, error: unknown) => void;
}

type Capabilities = Pick<
  CacheStore,
  "get" | "set" | "delete" | "expire" | "many" | "invalidate" | "generations" | "leases"
>;

function capabilities({ client, clock, codec, wakes, ready, report }: Parts): Capabilities {
  const [slotOf, leaseKey, now] = [slotsOf(client), leaseKeys(client), (): number => clock.now()];
  const [sender, isCluster] = [unpipelined(client), client.isCluster === true];
  const [readBatch, writeBatch] = [new ReadBatch(sender, slotOf), new WriteBatch({ client, sender, slotOf })];
  const generations = new Generations({ reads: readBatch, writes: writeBatch, now, report });
  const reads = entryReads({ batch: readBatch, codec, generations, now, ready });
  const remove = entryDeletes({ batch: writeBatch, slotOf, leaseKey });
  const fills = new EntryWrites({ batch: writeBatch, codec, generations, remove, now, leaseKey, isCluster });
  const leases = redisLeases({ writes: writeBatch, reads, fills, generations, wakes, leaseKey, isCluster });
  return {
    get: reads.get,
    set: (key, entry, options) => fills.set(key, entry, options),
    delete: async (key) => (await remove([key]))[0] === true,
    expire: (key, terms) => fills.expire(key, terms),
    many: { get: reads.getMany, set: (entries, options) => fills.setMany(entries, options), delete: remove },
    invalidate: (invalidation) => generations.invalidate(invalidation),
    generations: (key) => generations.carried(key),
    leases,
  };
}
