import { CacheError, type CacheStore, type Clock, type Serializer, systemClock } from "@granary/core";
import { superjsonSerializer } from "@granary/superjson";
import { watchErrors } from "./client-errors.js";
import { type EntryCodec, entryCodec } from "./entry-codec.js";
import { entryReads } from "./entry-reads.js";
import { entryWrites } from "./entry-writes.js";
import { slotsOf } from "./key-groups.js";
import { ReadBatch } from "./read-batch.js";
import { type RedisClient, requireClient } from "./redis-client.js";
import { storeEvents } from "./store-events.js";
import { walkKeys } from "./walk-keys.js";
import { WriteBatch } from "./write-batch.js";

/** How a Redis store is made. */
export interface RedisStoreOptions {
  /** A `Redis` or `Cluster` of ioredis 5 or 6, or of iovalkey. It stays yours: the store never closes it. */
  readonly client: RedisClient;
  /** Turns values into what Redis holds. Default: `superjsonSerializer`. */
  readonly serializer?: Serializer;
  /** The clock that deadlines are in. Default: the machine's. */
  readonly clock?: Clock;
  /** Stands in events and statistics. Default: `"redis"`. */
  readonly name?: string;
}

/**
 * A store on Redis or Valkey. Reads asked for in one turn of the event loop go out as one `MGET`, writes as one
 * pipeline. Bytes that cannot be read are a miss, and an `error` event. What the client rejects with passes through.
 *
 * The store puts one `error` listener on the client, and `close()` takes it away again. From then on a client
 * without a listener of your own writes its errors to `stderr`, as ioredis does: close the client too, or give it one.
 * @throws CacheError `INVALID_OPTION`
 */
export function redisStore(options: RedisStoreOptions): CacheStore {
  const client = requireClient("redisStore", options);
  const { serializer = superjsonSerializer, clock = systemClock, name = "redis" } = options;
  requireSerializer(serializer);
  const { emit, on, clear } = storeEvents();
  const report = (key: string, error: unknown): void => emit({ type: "error", operation: "get", key, error });
  const codec = entryCodec({ serializer, tier: name, report });
  const unwatch = watchErrors(client, (error) => emit({ type: "error", operation: "connection", error }));
  const close = (): void => {
    unwatch();
    clear();
  };
  const walk = (glob: string): AsyncIterable<readonly string[]> => walkKeys(client, glob);
  return { name, clock, admits: true, ...verbs({ client, clock, codec }), walk, on, close };
}

interface Parts {
  readonly client: RedisClient;
  readonly clock: Clock;
  readonly codec: EntryCodec;
}

function verbs({ client, clock, codec }: Parts): Pick<CacheStore, "get" | "set" | "delete" | "many"> {
  const slotOf = slotsOf(client);
  const now = (): number => clock.now();
  const reads = entryReads({ batch: new ReadBatch(client, slotOf), codec, now });
  const writes = entryWrites({ batch: new WriteBatch(client), codec, slotOf, now });
  const many = { get: reads.getMany, set: writes.setMany, delete: writes.deleteMany };
  return { get: reads.get, set: writes.set, delete: writes.delete, many };
}

function requireSerializer(serializer: Serializer): void {
  if (typeof serializer?.encode === "function" && typeof serializer.decode === "function") return;
  throw new CacheError(
    "INVALID_OPTION",
    "`serializer` must have encode(value) and decode(data): leave it out, or write { serializer: { encode, decode } }.",
  );
}
