import { type CacheBus, type CacheStore, checkOptions, type OptionNames } from "@granary/core";
import { type MemoryStore, type MemoryStoreOptions, memoryStore } from "@granary/memory";
import { type RedisBusOptions, type RedisClient, type RedisStoreOptions, redisBus, redisStore } from "@granary/redis";
import { type TieredOptions, tiered } from "@granary/tiered";

/** What `redisTiers` takes: the client, and what its parts take. */
export interface RedisTiersOptions
  extends Pick<RedisStoreOptions, "client" | "serializer">,
    Pick<MemoryStoreOptions, "maxEntries" | "maxBytes" | "sizeOf" | "values">,
    Pick<RedisBusOptions, "channel">,
    Pick<TieredOptions, "l1Ttl" | "l2Timeout" | "breaker"> {}

/** A store of two tiers, and its parts. Whoever needs one of them otherwise makes all three: `tiered({ l1, l2, bus })`. */
export interface RedisTiers extends CacheStore {
  readonly l1: MemoryStore;
  readonly l2: CacheStore;
  readonly bus: CacheBus;
}

const OPTIONS: OptionNames<RedisTiersOptions> = {
  client: true,
  serializer: true,
  maxEntries: true,
  maxBytes: true,
  sizeOf: true,
  values: true,
  channel: true,
  l1Ttl: true,
  l2Timeout: true,
  breaker: true,
};

/**
 * Memory over Redis, with a bus by which the processes tell each other what changed, on one client that you make and
 * close: `createCache({ store: redisTiers({ client: new Redis(url) }) })`.
 * @throws CacheError `INVALID_OPTION`, where an option is not known or not of its form.
 */
export function redisTiers(options: RedisTiersOptions): RedisTiers {
  // A client in place of options has more names than can be meant: the store says how it is given.
  if (typeof (options as Partial<RedisClient> | undefined)?.publish !== "function") checkOptions(options, OPTIONS);
  const { client, serializer, channel, maxEntries, maxBytes, sizeOf, values, ...tiers } = options;
  const l2 = redisStore({ client, ...given({ serializer }) });
  const bus = redisBus({ client, ...given({ channel }) });
  const l1 = memoryStore(given({ maxEntries, maxBytes, sizeOf, values }));
  return Object.assign(tiered({ l1, l2, bus, ...tiers }), { l1, l2, bus });
}

/** Without what was left out. */
function given<Options extends object>(options: Options): { [Name in keyof Options]?: NonNullable<Options[Name]> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [Name in keyof Options]?: NonNullable<Options[Name]>;
  };
}
