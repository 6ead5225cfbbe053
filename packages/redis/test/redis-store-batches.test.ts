import { redisStore } from "@granary/redis";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type RedisServer, startRedis } from "../../../test/support/redis-server.js";
import { declared, forThisTest, LIBRARIES } from "./support/clients.js";
import { entryOf } from "./support/entries.js";

let server: RedisServer;

beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

describe.each(LIBRARIES)("what one turn of the event loop asks for, through $library", ({ connect }) => {
  const open = () => {
    const client = forThisTest(connect(server.url));
    const store = redisStore({ client });
    return { client, store, many: declared(store.many) };
  };

  beforeEach(async () => {
    const client = forThisTest(connect(server.url));
    await client.flushall();
    await client.config("RESETSTAT");
  });

  test("reads go out as one MGET, each key once", async () => {
    const { client, store, many } = open();
    await store.set("a", entryOf("A"));
    const later = Promise.resolve()
      .then(() => undefined)
      .then(() => undefined)
      .then(() => store.get("c"));
    const found = await Promise.all([store.get("a"), store.get("a"), store.get("b"), many.get(["d", "a"]), later]);
    const A = expect.objectContaining({ value: "A" });
    expect(found).toEqual([A, A, undefined, [undefined, A], undefined]);
    expect(await callsOf(client)).toMatchObject({ mget: 1, set: 1 });
    expect(await callsOf(client)).not.toHaveProperty("get");
  });

  test("reads that begin outside a promise go out with those that promises then ask for", async () => {
    const { client, store } = open();
    await new Promise((resolve) => {
      setImmediate(() => resolve(Promise.all([store.get("a"), Promise.resolve().then(() => store.get("b"))])));
    });
    expect(await callsOf(client)).toMatchObject({ mget: 1 });
    expect(await callsOf(client)).not.toHaveProperty("get");
  });

  test("two callers of one key get a copy each", async () => {
    const { store } = open();
    await store.set("a", entryOf({ deep: [1] }));
    const [one, other] = await Promise.all([store.get("a"), store.get("a")]);
    expect(one).toEqual(other);
    expect(one?.value).not.toBe(other?.value);
  });

  test("a read that is alone is a GET, one of the next turn too", async () => {
    const { client, store } = open();
    await store.get("a");
    await store.get("b");
    expect(await callsOf(client)).toMatchObject({ get: 2 });
    expect(await callsOf(client)).not.toHaveProperty("mget");
  });

  test("more than 500 keys are several commands", async () => {
    const { client, many } = open();
    const keys = Array.from({ length: 1_001 }, (_, at) => `k:${at}`);
    await many.set(keys.map((key) => [key, entryOf(1)]));
    expect((await many.get(keys)).filter((entry) => entry !== undefined)).toHaveLength(1_001);
    expect(await callsOf(client)).toMatchObject({ mget: 2, get: 1, set: 1_001 });
    await client.config("RESETSTAT");
    expect(await many.delete(keys)).toEqual(keys.map(() => true));
    expect(await callsOf(client)).toMatchObject({ evalsha: 2, unlink: 1_001 });
  });
});

async function callsOf(client: { info(section: string): Promise<string> }): Promise<Record<string, number>> {
  const lines = (await client.info("commandstats")).matchAll(/cmdstat_(\S+?):calls=(\d+)/g);
  return Object.fromEntries([...lines].map(([, name, calls]) => [name, Number(calls)]));
}
