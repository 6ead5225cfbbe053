import { randomUUID } from "node:crypto";
import { type Cache, type CacheStore, createCache, guarded, isCacheError } from "@granary/core";
import { keyvStore } from "@granary/keyv";
import { memoryStore } from "@granary/memory";
import { redisBus, redisStore, redisTracking } from "@granary/redis";
import { localHub, manualClock } from "@granary/testkit";
import { tiered } from "@granary/tiered";
import { Redis } from "ioredis";
import { Keyv } from "keyv";
import { describe, expect, inject, onTestFinished, test } from "vitest";
import { eventually } from "./support/eventually.js";
import { ownName, redisClient } from "./support/redis-client.js";

/** A client of this test alone, whose connections the server can tell from others. */
function ownClient(options: { readonly keyPrefix?: string } = {}): { client: Redis; name: string } {
  const name = ownName();
  const client = new Redis(inject("redisUrl"), { connectionName: name, keyPrefix: `${name}:`, ...options });
  onTestFinished(() => client.disconnect());
  return { client, name };
}

/** How many connections have the name of the client: its own, and those that were made from it. */
async function connections({ client, name }: { client: Redis; name: string }): Promise<number> {
  const list = (await client.client("LIST")) as string;
  return list.split("\n").filter((line) => line.includes(` name=${name} `)).length;
}

/** Waits until so many connections have the name of the client. */
async function connectionsBecome(own: Parameters<typeof connections>[0], count: number): Promise<void> {
  const seen = await eventually(
    () => connections(own),
    (found) => found === count,
  );
  expect(seen).toBe(count);
}

const BUSES = {
  redisBus: (client: Redis) => redisBus({ client, channel: ownName() }),
  redisTracking: (client: Redis) => redisTracking({ client }),
} as const;

describe("C39: whoever closes a cache leaves the others as they are", () => {
  test.each(Object.keys(BUSES) as Array<keyof typeof BUSES>)(
    "FIELD 13: two tiers on one store and one %s, one of them closed: the other hears what a third node deletes",
    async (kind) => {
      const { client } = ownClient();
      const [l2, bus] = [redisStore({ client }), BUSES[kind](client)];
      const open = (): Cache<number> =>
        createCache<number>({
          store: tiered({ l1: memoryStore(), l2, l2Timeout: "1m", bus }),
          ttl: "1h",
          jitter: false,
        });
      const [closed, open1, third] = [open(), open(), open()];
      await closed.set("a", 1);
      await closed.close();
      expect(await open1.getOrSet("a", () => 2)).toBe(1);
      await third.set("a", 3);
      expect(
        await eventually(
          () => open1.getOrSet("a", () => 2),
          (seen) => seen === 3,
        ),
      ).toBe(3);
      expect(await open1.set("b", 4)).toBe(true);
      await Promise.all([open1.close(), third.close()]);
    },
  );

  test("FIELD 13: two tiers that share their L1: no copy of the one is trusted by the other", async () => {
    const clock = manualClock();
    const [l1, far, hub] = [memoryStore({ clock }), memoryStore({ clock, name: "far" }), localHub()];
    const [news, old] = [hub.bus("news"), hub.bus("old")];
    const stores = [news, old].map((bus) => tiered({ l1, l2: far, bus }));
    const [deaf, hearing] = stores.map((store) => createCache<number>({ store, jitter: false }));
    await deaf?.set("a", 1);
    await deaf?.close();
    // Changed behind the back of both, which only the bus would have told.
    const other = createCache<number>({ store: far, jitter: false });
    await other.set("a", 2);
    expect(await hearing?.get("a")).toBe(2);
  });

  test("FIELD 14: two caches of one namespace, each with its own L1, on one bus object hear each other", async () => {
    const { client } = ownClient();
    for (const bus of [localHub().bus("one"), redisBus({ client }), redisTracking({ client })]) {
      const l2 = redisStore({ client });
      const namespace = ownName();
      const open = (): Cache<number> =>
        createCache<number>({
          store: tiered({ l1: memoryStore(), l2, l2Timeout: "1m", bus }),
          ttl: "1h",
          jitter: false,
          tags: ["t"],
          namespace,
        });
      const [one, other] = [open(), open()];
      const id = randomUUID();
      await one.set(id, 1);
      expect(await other.get(id)).toBe(1);
      await one.set(id, 2);
      expect(
        await eventually(
          () => other.get(id),
          (seen) => seen === 2,
        ),
      ).toBe(2);
      await other.delete(id);
      expect(
        await eventually(
          () => one.get(id),
          (seen) => seen === undefined,
        ),
      ).toBeUndefined();
      await one.set(id, 3);
      expect(
        await eventually(
          () => other.get(id),
          (seen) => seen === 3,
        ),
      ).toBe(3);
      await one.invalidateTags("t");
      expect(
        await eventually(
          () => other.get(id),
          (seen) => seen === undefined,
        ),
      ).toBeUndefined();
      await Promise.all([one.close(), other.close()]);
    }
  });

  test("FIELD 14: what tiers say comes not back to them: their copy stays", async () => {
    const clock = manualClock();
    const [far, bus] = [memoryStore({ clock, name: "far" }), localHub().bus("one")];
    const open = () => createCache<number>({ store: tiered({ l1: memoryStore({ clock }), l2: far, bus }) });
    const [one, other] = [open(), open()];
    await other.get("a");
    await one.set("a", 1);
    await one.get("a");
    expect(one.stats().tiers).toMatchObject({ memory: 1 });
  });
});

/** Stores that are used, left and used again. */
const STORES: Readonly<Record<string, () => CacheStore>> = {
  memory: () => memoryStore(),
  "redis alone": () => redisStore({ client: ownClient().client }),
  "guarded redis": () => guarded(redisStore({ client: ownClient().client }), { timeout: "1m" }),
  keyv: () => keyvStore(new Keyv()),
  "tiers with a bus": () => {
    const { client } = ownClient();
    return tiered({ l1: memoryStore(), l2: redisStore({ client }), l2Timeout: "1m", bus: redisBus({ client }) });
  },
  "tiers with tracking": () => {
    const { client } = ownClient();
    return tiered({ l1: memoryStore(), l2: redisStore({ client }), l2Timeout: "1m", bus: redisTracking({ client }) });
  },
  "tiers of tiers": () => {
    const { client } = ownClient();
    const inner = tiered({
      l1: memoryStore({ name: "middle" }),
      l2: redisStore({ client }),
      l2Timeout: "1m",
      bus: redisBus({ client }),
    });
    return tiered({ l1: memoryStore(), l2: inner });
  },
};

describe("C39: a store that nobody uses any more may be used again", () => {
  test.each(Object.keys(STORES))("FIELD 15: a second cache on %s works as the first one did", async (name) => {
    const store = STORES[name]?.() as CacheStore;
    for (let round = 0; round < 3; round += 1) {
      await using cache = createCache<number>({ store, ttl: "1h", jitter: false, tags: ["t"] });
      const errors: unknown[] = [];
      // A subscription that takes long is told, and is no fault.
      cache.on("error", ({ operation, error }) => operation !== "ready" && errors.push(error));
      expect(await cache.set("a", round)).toBe(true);
      expect(await cache.get("a")).toBe(round);
      expect(await cache.getOrSet(`b${round}`, () => round)).toBe(round);
      await cache.delete("a");
      expect(await cache.get("a")).toBeUndefined();
      await cache.clear();
      expect(await cache.get(`b${round}`)).toBeUndefined();
      expect(await cache.set("c", round)).toBe(true);
      expect(await cache.get("c")).toBe(round);
      expect(errors).toEqual([]);
    }
  });

  test("FIELD 15: a write right behind a clear by the cache before is the younger one, also where time stands still", async () => {
    const store = memoryStore({ clock: manualClock() });
    const first = createCache<number>({ store });
    await first.clear();
    await first.close();
    const second = createCache<number>({ store });
    await second.set("a", 1);
    expect(await second.get("a")).toBe(1);
  });

  test("FIELD 15: a cache keeps what its store holds, and does not trust what was changed while nobody listened", async () => {
    const clock = manualClock();
    const [far, hub] = [memoryStore({ clock, name: "far" }), localHub()];
    const node = (name: string) => tiered({ l1: memoryStore({ clock }), l2: far, bus: hub.bus(name) });
    const [store, elsewhere] = [node("here"), createCache<number>({ store: node("there"), jitter: false })];
    const first = createCache<number>({ store, jitter: false });
    await first.set("a", 1);
    await first.close();
    await elsewhere.set("a", 2);
    const second = createCache<number>({ store, jitter: false });
    expect(await second.get("a")).toBe(2);
  });

  test.each(Object.keys(STORES))(
    "FIELD 15: %s that was closed says CLOSED to every cache on it, at once",
    async (name) => {
      const store = STORES[name]?.() as CacheStore;
      const [one, other] = [createCache<number>({ store }), createCache<number>({ store, namespace: "other" })];
      await one.set("a", 1);
      await store.close?.();
      const calls = [
        one.get("a"),
        other.getOrSet("b", () => 1),
        other.set("b", 1),
        other.delete("b"),
        one.clear(),
        one.getMany(["a", "b"]),
      ];
      const outcomes = await Promise.allSettled(calls);
      const codes = outcomes.map((outcome) => outcome.status === "rejected" && isCacheError(outcome.reason, "CLOSED"));
      expect(codes).toEqual(calls.map(() => true));
      expect(() => createCache({ store, namespace: "third" })).toThrow("closed");
      await Promise.all([one.close(), other.close()]);
    },
  );

  test("FIELD 15: a bus that was closed says CLOSED, and tiers on it trust no copy any more", async () => {
    const clock = manualClock();
    const [far, bus] = [memoryStore({ clock, name: "far" }), localHub().bus("one")];
    const store = tiered({ l1: memoryStore({ clock }), l2: far, bus });
    const cache = createCache<number>({ store, jitter: false });
    cache.on("error", () => undefined);
    await cache.set("a", 1);
    await bus.close?.();
    await createCache<number>({ store: far, jitter: false }).set("a", 2);
    expect(await cache.get("a")).toBe(2);
    expect(() => createCache({ store: tiered({ l1: memoryStore(), l2: far, bus }) })).toThrow("closed");
  });

  test("FIELD 15: caches that nobody closes and nobody has any more leave their store", async () => {
    let listeners = 0;
    const inner = memoryStore();
    const store: CacheStore = {
      ...inner,
      on: () => {
        listeners += 1;
        return () => void (listeners -= 1);
      },
    };
    (() => void createCache({ store }).namespace("child"))();
    expect(listeners).toBe(1);
    const collect = (globalThis as { gc?: () => void }).gc ?? (await exposedGc());
    const look = async (): Promise<number> => {
      collect();
      return listeners;
    };
    expect(await eventually(look, (seen) => seen === 0)).toBe(0);
  });
});

async function exposedGc(): Promise<() => void> {
  const [{ setFlagsFromString }, { runInNewContext }] = await Promise.all([import("node:v8"), import("node:vm")]);
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}

describe("C36: nothing is left behind the last", () => {
  test("FIELD 36: all buses, tiers and waits on one client share one connection, which goes with the last of them", async () => {
    const own = ownClient();
    const { client } = own;
    const caches = Array.from({ length: 30 }, (_, n) =>
      createCache<number>({
        store: tiered({
          l1: memoryStore(),
          l2: redisStore({ client }),
          l2Timeout: "1m",
          bus: redisBus({ client, channel: `${own.name}${n % 3}` }),
        }),
        namespace: `n${n}`,
      }),
    );
    await Promise.all(caches.map((cache) => cache.set("a", 1)));
    await connectionsBecome(own, 2);
    expect(client.listenerCount("error")).toBe(1);
    await Promise.all(caches.map((cache) => cache.close()));
    await connectionsBecome(own, 1);
    expect(client.listenerCount("error")).toBe(0);
  });

  test("FIELD 36: thirty buses that track share one connection", async () => {
    const own = ownClient();
    const { client } = own;
    const caches = Array.from({ length: 30 }, () =>
      createCache<number>({
        store: tiered({
          l1: memoryStore(),
          l2: redisStore({ client }),
          l2Timeout: "1m",
          bus: redisTracking({ client }),
        }),
      }),
    );
    await Promise.all(caches.map((cache) => cache.set("a", 1)));
    await connectionsBecome(own, 2);
    await Promise.all(caches.map((cache) => cache.close()));
    await connectionsBecome(own, 1);
    expect(client.listenerCount("error")).toBe(0);
  });

  test("FIELD 36: no MaxListenersExceededWarning from many stores and buses on one client", async () => {
    const warnings: Error[] = [];
    const warned = (warning: Error): void => void warnings.push(warning);
    process.on("warning", warned);
    onTestFinished(() => void process.off("warning", warned));
    const client = redisClient();
    const keyv = new Keyv();
    const stores = Array.from({ length: 20 }, () => [redisStore({ client }), keyvStore(keyv)]).flat();
    const caches = stores.map((store) => createCache<number>({ store }));
    await Promise.all(caches.map((cache) => cache.set("a", 1)));
    await Promise.all(caches.map((cache) => cache.close()));
    client.disconnect();
    await new Promise((resolve) => setImmediate(resolve));
    expect(warnings).toEqual([]);
  });
});
