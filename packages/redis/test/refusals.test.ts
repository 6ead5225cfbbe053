import { createCache, guarded } from "@granary/core";
import { redisStore } from "@granary/redis";
import { describe, expect, onTestFinished, test } from "vitest";
import { startRedis } from "../../../test/support/redis-server.js";
import { orRefused } from "../src/refusals.js";
import { declared, forThisTest, LIBRARIES } from "./support/clients.js";
import { entryOf } from "./support/entries.js";

const [SCOPE, KEY] = ["granary:v1:ns", "granary:v1:ns:k"];
const REFUSED = { code: "STORE_REFUSED" };

describe.each(LIBRARIES)("a server that is full, through $library", ({ connect }) => {
  const open = async () => {
    const server = await startRedis("--maxmemory-policy", "noeviction");
    onTestFinished(server.stop);
    const client = forThisTest(connect(server.url));
    const store = redisStore({ client });
    onTestFinished(() => store.close?.());
    const fill = () => client.config("SET", "maxmemory", "1");
    return { client, store, fill, invalidate: declared(store.invalidate), leases: declared(store.leases) };
  };

  test("takes no value, whatever its life, and no lease", async () => {
    const { client, store, fill, leases } = await open();
    await store.set(KEY, entryOf("there"));
    await fill();
    for (const lifeMs of [60_000, Number.POSITIVE_INFINITY]) {
      await expect(store.set(KEY, entryOf("new", lifeMs))).rejects.toMatchObject(REFUSED);
    }
    const both = [KEY, `${SCOPE}:other`].map((key) => [key, entryOf("new")] as const);
    await expect(declared(store.many).set(both)).rejects.toMatchObject(REFUSED);
    await expect(leases.acquire(KEY, "token")).rejects.toMatchObject(REFUSED);
    expect(await store.get(KEY)).toMatchObject({ value: "there" });
    expect((await client.keys("*")).sort()).toEqual([`granary:generation:{${SCOPE}}`, KEY]);
  });

  test("deletes, makes stale and invalidates, what is there and what is not", async () => {
    const { store, fill, invalidate } = await open();
    const keys = ["a", "b", "c", "d"].map((id) => `${SCOPE}:${id}`) as [string, string, string, string];
    for (const key of keys) await store.set(key, { ...entryOf("there"), tags: [key] });
    await fill();
    expect([await store.delete(keys[0]), await store.delete(`${SCOPE}:none`)]).toEqual([true, false]);
    expect(await store.expire?.(keys[1], { now: Date.now(), staleMs: 60_000 })).toBe(true);
    expect(await store.get(keys[1])).toMatchObject({ value: "there" });
    await invalidate({ scope: SCOPE, tags: [keys[2]] });
    expect((await store.many?.get(keys))?.map((entry) => entry?.value)).toEqual([
      undefined,
      "there",
      undefined,
      "there",
    ]);
    await invalidate({ scope: SCOPE });
    expect(await store.many?.get(keys)).toEqual(keys.map(() => undefined));
    await invalidate({ scope: "granary:v1:never-seen" });
  });

  test("refuses the sets of a turn, and does the deletions and invalidations behind them", async () => {
    const { store, fill, invalidate } = await open();
    await store.set(KEY, entryOf("there"));
    await store.set("granary:v1:other:k", entryOf("there"));
    await fill();
    const [set, removed, invalidated] = await Promise.allSettled([
      store.set(`${SCOPE}:new`, entryOf("new")),
      store.delete(KEY),
      invalidate({ scope: "granary:v1:other" }),
    ]);
    expect(set).toMatchObject({ status: "rejected", reason: REFUSED });
    expect(removed).toMatchObject({ status: "fulfilled", value: true });
    expect(invalidated).toMatchObject({ status: "fulfilled" });
    expect(await store.get("granary:v1:other:k")).toBeUndefined();
  });
});

describe.each(LIBRARIES)("a value that is too large for the server, through $library", ({ connect }) => {
  test("is refused, and nobody else notices", async () => {
    const server = await startRedis("--proto-max-bulk-len", "1mb");
    onTestFinished(server.stop);
    const client = forThisTest(connect(server.url));
    const store = redisStore({ client });
    onTestFinished(() => store.close?.());
    await store.set(KEY, entryOf("there"));
    const calls = await Promise.allSettled([
      store.set(`${SCOPE}:before`, entryOf(1)),
      store.set(`${SCOPE}:large`, entryOf("x".repeat(2_000_000))),
      store.set(`${SCOPE}:behind`, entryOf(2)),
      store.get(KEY),
    ]);
    expect(calls).toMatchObject([
      { status: "fulfilled" },
      { status: "rejected", reason: REFUSED },
      { status: "fulfilled" },
      { status: "fulfilled", value: { value: "there" } },
    ]);
    const found = await declared(store.many).get(["before", "large", "behind"].map((id) => `${SCOPE}:${id}`));
    expect(found.map((entry) => entry?.value)).toEqual([1, undefined, 2]);
  });

  test("opens no breaker", async () => {
    const server = await startRedis("--maxmemory-policy", "noeviction");
    onTestFinished(server.stop);
    const client = forThisTest(connect(server.url));
    const store = guarded(redisStore({ client }), { breaker: { failures: 1 }, timeout: "1m" });
    const cache = createCache<string>({ store });
    onTestFinished(() => cache.close());
    cache.on("error", () => {});
    await cache.set("k", "value");
    await client.config("SET", "maxmemory", "1");
    for (let at = 0; at < 3; at += 1) expect(await cache.set("k", "other")).toBe(false);
    expect(store.health?.()["redis"]).toMatchObject({ state: "closed", failures: 0 });
    expect(await cache.delete("k")).toBe(true);
  });
});

test.each([
  ["OOM command not allowed when used memory > 'maxmemory'.", "it is full"],
  ["ERR Error running script: @user_script: 3: -OOM command not allowed when used memory > 'maxmemory'.", "it is full"],
  ["ERR Protocol error: invalid bulk length", "too large"],
  ["ERR string exceeds maximum allowed size (proto-max-bulk-len)", "too large"],
])("%j is a refusal", (message, says) => {
  const error = new Error(message);
  expect(orRefused(error)).toMatchObject({ ...REFUSED, message: expect.stringContaining(says), cause: error });
});

test.each([new Error("Connection is closed."), new Error("READONLY You can't write"), "OOM command not allowed"])(
  "%j is none",
  (error) => {
    expect(orRefused(error)).toBe(error);
  },
);
