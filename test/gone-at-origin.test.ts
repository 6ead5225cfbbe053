import { type Cache, type CacheStore, createCache, type LoadContext } from "@granary/core";
import { keyvStore } from "@granary/keyv";
import { memoryStore } from "@granary/memory";
import { redisBus, redisStore } from "@granary/redis";
import { farStore, localHub } from "@granary/testkit";
import { tiered } from "@granary/tiered";
import { Keyv } from "keyv";
import { describe, expect, onTestFinished, test } from "vitest";
import { begunBus } from "./support/begun-bus.js";
import { eventually } from "./support/eventually.js";
import { ownName, redisClient } from "./support/redis-client.js";

type Row = string | null | undefined;

/** Nodes that share what they hold. A store that lives in one process has one. `begun` takes when their buses listen. */
type OpenNodes = (begun: Promise<void>[]) => readonly CacheStore[];

const nodesOnRedis = (open: (client: ReturnType<typeof redisClient>) => CacheStore): CacheStore[] => {
  const client = redisClient();
  onTestFinished(() => client.disconnect());
  return [open(client), open(client)];
};

const stores: ReadonlyArray<readonly [name: string, open: OpenNodes]> = [
  ["memory", () => [memoryStore()]],
  ["a Keyv on a Map", () => [keyvStore(new Keyv())]],
  [
    "memory over a Keyv on a Map",
    () => {
      const [hub, keyv] = [localHub(), new Keyv()];
      return ["a", "b"].map((name) => tiered({ l1: memoryStore(), l2: keyvStore(keyv), bus: hub.bus(name) }));
    },
  ],
  [
    "memory over a far store",
    () => {
      const [hub, far] = [localHub(), farStore()];
      return ["a", "b"].map((name) => tiered({ l1: memoryStore(), l2: far.connect(), bus: hub.bus(name) }));
    },
  ],
  [
    "memory over memory over a far store",
    () => {
      const [hub, far] = [localHub(), farStore()];
      return ["a", "b"].map((name) => {
        const below = tiered({ l1: memoryStore(), l2: far.connect(), bus: hub.bus(`${name} below`) });
        return tiered({ l1: memoryStore(), l2: below, bus: hub.bus(name) });
      });
    },
  ],
  ["Redis", () => nodesOnRedis((client) => redisStore({ client }))],
  [
    "memory over Redis",
    (begun) => {
      const channel = ownName();
      return nodesOnRedis((client) => {
        const bus = begunBus(redisBus({ client, channel }));
        begun.push(bus.begun);
        return tiered({ l1: memoryStore(), l2: redisStore({ client }), l2Timeout: "1m", bus: bus.bus });
      });
    },
  ],
];

const STALE = { ttl: "1h", staleIfError: "6h", jitter: false } as const;

async function cachesOf(open: OpenNodes): Promise<readonly Cache<Row>[]> {
  const begun: Promise<void>[] = [];
  const caches = open(begun).map((store) => createCache<Row>({ store, ...STALE }));
  for (const cache of caches) cache.on("error", () => {});
  onTestFinished(async () => {
    await Promise.all(caches.map((cache) => cache.close()));
  });
  // A bus listens for as long as somebody uses the store.
  await Promise.all(begun);
  return caches;
}

type Ask = (cache: Cache<Row>) => Promise<unknown>;

/** Calls whose loader finds nothing to keep: what each gives while the old row is stale. */
const endings: ReadonlyArray<readonly [name: string, ask: Ask, gives: unknown]> = [
  ["undefined", (cache) => cache.getOrSet("u", () => undefined), undefined],
  ["undefined, later", (cache) => cache.getOrSet("u", async () => undefined), undefined],
  ["a value with setTtl(0)", (cache) => cache.getOrSet("u", ({ setTtl }) => (setTtl(0), "once")), "once"],
  ["a value with a ttl of 0", (cache) => cache.getOrSet("u", () => "once", { ttl: 0 }), "once"],
  ["null with a negativeTtl of 0", (cache) => cache.getOrSet("u", () => null, { negativeTtl: 0 }), null],
  [
    "notModified() with setTtl(0)",
    (cache) => cache.getOrSet("u", (load: LoadContext<Row>) => (load.setTtl(0), load.notModified())),
    "old",
  ],
  ["undefined, without leases", (cache) => cache.getOrSet("u", () => undefined, { lease: false }), undefined],
  ["a batch that leaves it out", async (cache) => (await cache.getOrSetMany(["u"], () => new Map())).size, 0],
  ["a batch that gives undefined", async (cache) => (await cache.getOrSetMany(["u"], () => [undefined])).size, 0],
  [
    "a batch with setTtl(0)",
    async (cache) => [...(await cache.getOrSetMany(["u"], (_ids, { setTtl }) => (setTtl(0), ["once"])))],
    [["u", "once"]],
  ],
  ["a function that is wrapped", (cache) => cache.wrap(() => undefined, { id: () => "u" })(), undefined],
];

async function holdStale(caches: readonly Cache<Row>[]): Promise<void> {
  const [first] = caches;
  await first?.set("u", "old");
  for (const cache of caches) expect(await cache.get("u")).toBe("old");
  await first?.expire("u");
  // It stays at hand for when a load fails.
  for (const cache of caches) {
    const failing = (): Promise<unknown> =>
      cache.getOrSet("u", () => Promise.reject(new Error("down")), { retryAfter: 0 });
    expect(await eventually(failing, (seen) => seen === "old")).toBe("old");
  }
}

async function checkGone(caches: readonly Cache<Row>[]): Promise<void> {
  for (const cache of caches) {
    const down = (): Promise<unknown> =>
      cache.getOrSet("u", () => Promise.reject(new Error("down"))).catch((error: Error) => error.message);
    expect(await eventually(down, (seen) => seen === "down")).toBe("down");
    expect(await cache.entry("u")).toBeUndefined();
    const late = () => new Promise<Row>(() => {});
    const soft = cache.getOrSet("u", late, { softTimeout: 0, hardTimeout: 1 });
    await expect(soft).rejects.toMatchObject({ code: "LOAD_TIMEOUT" });
  }
}

describe.each(stores)("C38 C17: FIELD 11: with %s, a stale row that a loader says is gone", (_name, open) => {
  test.each(endings)("is gone for good: %s", async (_way, ask, gives) => {
    const caches = await cachesOf(open);
    await holdStale(caches);
    expect(await ask(caches[0] as Cache<Row>)).toEqual(gives);
    await checkGone(caches);
  });

  test.each([
    ["behind, while it was served", { staleWhileRevalidate: "6h" }],
    ["behind, after a soft timeout", { softTimeout: 1 }],
  ] as const)("is gone once the load has ended %s", async (_when, policy) => {
    const caches = await cachesOf(open);
    await holdStale(caches);
    const [first] = caches as [Cache<Row>];
    const ended = new Promise((resolve) => first.on("load", resolve));
    let begin: () => void = () => {};
    const begun = new Promise<void>((resolve) => (begin = resolve));
    let find: (row: Row) => void = () => {};
    const loader = (): Promise<Row> => (begin(), new Promise((resolve) => (find = resolve)));
    expect(await first.getOrSet("u", loader, policy)).toBe("old");
    await begun;
    find(undefined);
    await ended;
    await checkGone(caches);
  });

  test("is gone too where it was still fresh, and refreshed ahead", async () => {
    const caches = await cachesOf(open);
    const [first] = caches as [Cache<Row>];
    await first.set("u", "old");
    for (const cache of caches) expect(await cache.get("u")).toBe("old");
    const ended = new Promise((resolve) => first.on("load", resolve));
    expect(await first.getOrSet("u", () => undefined, { refreshAhead: 1e-12 })).toBe("old");
    await ended;
    await checkGone(caches);
  });

  test("stays where the loader says skip(): that is about its own value alone", async () => {
    const caches = await cachesOf(open);
    await holdStale(caches);
    const [first] = caches as [Cache<Row>];
    expect(await first.getOrSet("u", ({ skip }) => (skip(), undefined))).toBeUndefined();
    expect(await first.getOrSet("u", ({ skip }) => (skip(), "other"))).toBe("other");
    expect((await first.entry("u"))?.value).toBe("old");
    expect(await first.getOrSet("u", () => Promise.reject(new Error("down")))).toBe("old");
  });

  test("is replaced by null where that is kept for a while", async () => {
    const caches = await cachesOf(open);
    await holdStale(caches);
    expect(await caches[0]?.getOrSet("u", () => null, { negativeTtl: "1h" })).toBeNull();
    for (const cache of caches) {
      const now = (): Promise<Row> => cache.getOrSet("u", () => null, { negativeTtl: "1h" });
      expect(await eventually(now, (row) => row === null)).toBeNull();
      expect((await cache.entry("u"))?.value).toBeNull();
    }
  });
});
