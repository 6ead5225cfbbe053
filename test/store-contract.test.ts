import type { CacheBus, CacheStore } from "@granary/core";
import { keyvStore } from "@granary/keyv";
import { memoryStore } from "@granary/memory";
import { redisBus, redisStore } from "@granary/redis";
import {
  localHub,
  type OpenedStore,
  runStoreContract,
  type StoreCapability,
  type StoreContext,
} from "@granary/testkit";
import { tiered } from "@granary/tiered";
import { Keyv } from "keyv";
import { describe, test } from "vitest";
import { begunBus } from "./support/begun-bus.js";
import { ownName, redisClient } from "./support/redis-client.js";

/** A piece of a pair, and what has to be closed with it. */
interface Piece<Made> {
  readonly made: Made;
  close?(): void;
}

type OpenTier = (context: StoreContext) => Piece<CacheStore>;

interface Pair {
  readonly l1: OpenTier;
  readonly l2: OpenTier;
  /** Beyond `many`, `walk`, `admits`, `close`, `invalidate` and `expire`, which every pair has here. */
  readonly more?: readonly StoreCapability[];
}

const memory: OpenTier = ({ clock }) => ({ made: memoryStore({ clock }) });
const keyvOnMap: OpenTier = ({ clock }) => ({ made: keyvStore(new Keyv(), { clock }) });

const redis: OpenTier = ({ clock }) => {
  const client = redisClient();
  return { made: redisStore({ client, clock }), close: () => client.disconnect() };
};

const memoryOverRedis: OpenTier = (context) => {
  const far = redis(context);
  return { ...far, made: tiered({ l1: memory(context).made, l2: far.made, l2Timeout: "1m" }) };
};

const pairs: ReadonlyArray<readonly [name: string, pair: Pair]> = [
  ["memory over Redis", { l1: memory, l2: redis, more: ["handles", "leases"] }],
  ["memory over a Keyv on a Map", { l1: memory, l2: keyvOnMap, more: ["handles"] }],
  ["memory over memory", { l1: memory, l2: memory, more: ["handles"] }],
  ["memory over memory over Redis", { l1: memory, l2: memoryOverRedis, more: ["handles", "leases"] }],
  // A near tier that keeps only what an entry has to have is correct, and asks the far one each time.
  ["Redis over Redis", { l1: redis, l2: redis, more: ["leases", "decodes", "copies"] }],
  ["a Keyv on a Map over Redis", { l1: keyvOnMap, l2: redis, more: ["leases", "decodes", "copies"] }],
  ["a Keyv on a Map over memory", { l1: keyvOnMap, l2: memory }],
];

type OpenBus = () => Piece<CacheBus | undefined> & { readonly begun?: Promise<void> };

const buses: ReadonlyArray<readonly [name: string, open: OpenBus]> = [
  ["without a bus", () => ({ made: undefined })],
  ["with a bus in this process", () => ({ made: localHub().bus("one") })],
  ["with a bus on Redis", busOnRedis],
];

function busOnRedis(): ReturnType<OpenBus> {
  const client = redisClient();
  const { bus, begun } = begunBus(redisBus({ client, channel: ownName() }));
  return { made: bus, begun, close: () => client.disconnect() };
}

async function openPair({ l1, l2 }: Pair, openBus: OpenBus, context: StoreContext): Promise<OpenedStore> {
  const [near, far, bus] = [l1(context), l2(context), openBus()];
  const store = tiered({
    l1: near.made,
    l2: far.made,
    l2Timeout: "1m",
    ...(bus.made !== undefined && { bus: bus.made }),
  });
  // A bus begins when somebody uses the pair.
  const silence = store.on?.(() => {});
  await bus.begun;
  const close = (): void => {
    void silence?.();
    for (const piece of [near, far, bus]) piece.close?.();
  };
  return { store, close };
}

/** Copies near carry no generations: the cache above does not fill what an invalidation has overtaken. */
function skipsOf({ more = [] }: Pair): Readonly<Record<string, string>> {
  if (!more.includes("handles") || !more.includes("leases")) return {};
  return { "a load carries the generations that stood before it began": "the cache above sees to it" };
}

describe.each(pairs)("the contract of a store holds for %s", (_pair, pair) => {
  const capabilities: readonly StoreCapability[] = [
    "many",
    "walk",
    "admits",
    "close",
    "invalidate",
    "expire",
    ...(pair.more ?? []),
  ];
  describe.each(buses)("%s", (_bus, openBus) => {
    runStoreContract({ capabilities, skips: skipsOf(pair), open: (context) => openPair(pair, openBus, context) }, test);
  });
});
