import { type CacheStore, createCache } from "@granary/core";
import { keyvStore, toKeyv } from "@granary/keyv";
import { memoryStore } from "@granary/memory";
import { redisBus, redisStore, redisTracking } from "@granary/redis";
import { compressed, encrypted } from "@granary/serializers";
import { createSuperjsonSerializer, superjsonSerializer } from "@granary/superjson";
import {
  farStore,
  faultyBus,
  faultyStore,
  localHub,
  manualClock,
  runBusContract,
  runSerializerContract,
  runStoreContract,
} from "@granary/testkit";
import { tcpProxy } from "@granary/testkit/tcp-proxy";
import { tiered } from "@granary/tiered";
import { Redis } from "ioredis";
import Keyv from "keyv";
import { afterAll, describe, expect, test } from "vitest";

/** What is typed by somebody who does not heed the types, or has none. */
type Typed = (options: never) => unknown;

const client = new Redis({ lazyConnect: true });
afterAll(() => client.disconnect());

const key = { name: "k1", key: new Uint8Array(32) };
const stores = (): { l1: CacheStore; l2: CacheStore } => ({ l1: memoryStore(), l2: memoryStore() });
const bus = () => localHub().bus("a");

/** Each function that takes options: how it is called, with an option that there is not, and what was meant. */
const MISSPELT: ReadonlyArray<readonly [name: string, call: Typed, options: object, meant: string]> = [
  ["createCache", createCache as Typed, { store: memoryStore(), staleWhileRevalidat: 1 }, "staleWhileRevalidate"],
  ["memoryStore", memoryStore, { max: 5 }, "maxEntries"],
  ["memoryStore", memoryStore, { maxEntrys: 5 }, "maxEntries"],
  ["tiered", tiered, { ...stores(), l2TimeOut: 100 }, "l2Timeout"],
  ["tiered", tiered, { ...stores(), l1TTL: 100 }, "l1Ttl"],
  ["tiered", tiered, { ...stores(), breaker: { failure: 3 } }, "breaker.failures"],
  ["redisStore", redisStore, { client, serialiser: superjsonSerializer }, "serializer"],
  ["redisStore", redisStore, { cleint: client }, "client"],
  ["redisBus", redisBus, { client, chanel: "a" }, "channel"],
  ["redisTracking", redisTracking, { client, prefx: "a" }, "prefix"],
  ["keyvStore", (options) => keyvStore(new Keyv(), options), { serialize: superjsonSerializer }, "serializer"],
  ["compressed", (options) => compressed(superjsonSerializer, options), { treshold: 1 }, "threshold"],
  ["encrypted", (options) => encrypted(superjsonSerializer, options), { key: [key] }, "keys"],
  ["encrypted", (options) => encrypted(superjsonSerializer, options), { keys: [{ ...key, nam: "a" }] }, "keys[].name"],
  ["createSuperjsonSerializer", createSuperjsonSerializer, { instanc: 1 }, "instance"],
  ["farStore", farStore, { leaseMS: 1 }, "leaseMs"],
  ["farStore().connect", (options) => farStore().connect(options), { lin: 1 }, "line"],
  ["faultyStore", (options) => faultyStore(memoryStore(), options), { clok: 1 }, "clock"],
  [
    "faultyStore().inject",
    (fault) => faultyStore(memoryStore()).faults.inject(fault),
    { type: "hang", verb: [] },
    "verbs",
  ],
  ["faultyBus", (options) => faultyBus(bus(), options), { clok: 1 }, "clock"],
  [
    "faultyBus().inject",
    (fault) => faultyBus(bus()).faults.inject(fault),
    { type: "drop", direktion: "in" },
    "direction",
  ],
  ["runStoreContract", (subject) => runStoreContract(subject, () => 0), { open: () => 0, skip: {} }, "skips"],
  ["runBusContract", (subject) => runBusContract(subject, () => 0), { open: () => 0, skip: {} }, "skips"],
  ["runSerializerContract", (subject) => runSerializerContract(subject, () => 0), { open: () => 0, skip: {} }, "skips"],
  ["tcpProxy", tcpProxy, { traget: { port: 1 } }, "target"],
];

const outcomeOf = async (call: Typed, options: unknown): Promise<unknown> => {
  try {
    await call(options as never);
    return undefined;
  } catch (error) {
    return error;
  }
};

describe("C43: a misspelt option of any function of any package is refused at once", () => {
  test.each(MISSPELT)("%s, given %#", async (...[, call, options, meant]) => {
    const error = await outcomeOf(call, options);
    expect(error).toMatchObject({ name: "CacheError", code: "INVALID_OPTION" });
    expect((error as Error).message).toContain(`Did you mean "${meant}"?`);
  });

  test("where nothing is near, all that are known are named", async () => {
    expect(() => redisStore({ client, keyPrefix: "a" } as never)).toThrow(
      'There is no option "keyPrefix". Known here: client, serializer, clock, name.',
    );
    expect(() => faultyStore(memoryStore()).faults.inject({ type: "slow" } as never)).toThrow('no fault "slow"');
    expect(() => faultyStore(memoryStore()).faults.inject({ type: "hang", verbs: ["gett"] } as never)).toThrow('"get"');
  });

  const optional = new Set(["createCache", "tcpProxy"]);
  test.each([...new Map(MISSPELT.map(([name, call]) => [name, call])).entries()])(
    "%s refuses what is no options",
    async (name, call) => {
      for (const options of [null, 5, "5m", [], () => 1, new Date()]) {
        const error = await outcomeOf(call, options);
        expect([name, options, error]).toMatchObject([name, options, { name: "CacheError", code: "INVALID_OPTION" }]);
      }
      if (optional.has(name)) expect(await outcomeOf(call, undefined)).toBeDefined();
    },
  );
});

describe("C43: an argument that is not of its form is refused at once", () => {
  const CALLS: ReadonlyArray<readonly [name: string, call: () => unknown]> = [
    ["a store that is none", () => createCache({ store: {} } as never)],
    ["a memory store without a name", () => memoryStore({ name: "" })],
    ["a memory store with a date as clock", () => memoryStore({ clock: new Date() } as never)],
    ["tiers with a list as bus", () => tiered({ ...stores(), bus: null } as never)],
    ["tiers without l2", () => tiered({ l1: memoryStore() } as never)],
    ["tiers with true as breaker", () => tiered({ ...stores(), breaker: true } as never)],
    ["a Redis store with a name that is no text", () => redisStore({ client, name: 5 } as never)],
    ["a Redis store with a number as clock", () => redisStore({ client, clock: 5 } as never)],
    ["a bus without a channel", () => redisBus({ client, channel: "" })],
    ["a client in the place of options", () => redisBus(client as never)],
    ["a Keyv store without a Keyv", () => (keyvStore as Typed)(undefined as never)],
    ["a Keyv store on a Map", () => keyvStore(new Map() as never)],
    ["a Keyv store with a serializer that is none", () => keyvStore(new Keyv(), { serializer: JSON } as never)],
    ["toKeyv of a store", () => toKeyv(memoryStore() as never)],
    ["toKeyv of nothing", () => (toKeyv as Typed)(undefined as never)],
    ["a threshold in words", () => compressed(superjsonSerializer, { threshold: "1kb" } as never)],
    ["keys that are no list", () => encrypted(superjsonSerializer, { keys: key } as never)],
    ["a key that is no key", () => encrypted(superjsonSerializer, { keys: ["secret"] } as never)],
    ["an instance that is none", () => createSuperjsonSerializer({ instance: {} } as never)],
    ["a faulty store of nothing", () => (faultyStore as Typed)(undefined as never)],
    ["a faulty bus of nothing", () => (faultyBus as Typed)(undefined as never)],
    ["a clock that starts nowhere", () => manualClock(Number.NaN)],
    ["a bus of a hub without a name", () => (localHub().bus as Typed)(undefined as never)],
    ["a far store with a lease of no length", () => farStore({ leaseMs: 0 })],
    ["a proxy of nothing", () => tcpProxy({} as never)],
  ];
  test.each(CALLS)("%s", async (_, call) => {
    const error = await outcomeOf(call, undefined);
    expect(error).toMatchObject({ name: "CacheError", code: "INVALID_OPTION" });
  });
});
