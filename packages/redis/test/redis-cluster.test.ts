import { redisBus, redisStore } from "@granary/redis";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "../../../test/support/eventually.js";
import { recordKey, tagsKey } from "../src/generation-keys.js";
import { slotOf } from "../src/slot.js";
import { listen, sayUntil, until } from "./support/bus-listening.js";
import { declared, forThisTest, LIBRARIES, ownPrefix } from "./support/clients.js";
import { type RedisCluster, startCluster } from "./support/cluster.js";
import { entryOf, eventsOf, walked } from "./support/entries.js";

let cluster: RedisCluster;
const ports = () => declared(cluster.ports[0]);

beforeAll(async () => {
  cluster = await startCluster();
}, 90_000);
afterAll(() => cluster.stop());

describe.each(LIBRARIES)("a cluster, through $library", ({ connect, connectCluster }) => {
  const open = (keyPrefix = ownPrefix()) => {
    const client = forThisTest(connectCluster(ports(), { keyPrefix }));
    const store = redisStore({ client });
    onTestFinished(() => store.close?.());
    return { keyPrefix, client, store, many: declared(store.many) };
  };

  test("slots are those that Redis counts", async () => {
    const node = forThisTest(connect(`redis://127.0.0.1:${ports()}`));
    const keys = ["", "a", "{a}b", "{}b", "a{b", "é😀", "\ud800", "x{y}{z}", "granary:v1:users:1", "{{a}}", "}{a}"];
    const counted = await Promise.all(keys.map((key) => node.call("CLUSTER", "KEYSLOT", key)));
    expect(keys.map(slotOf)).toEqual(counted.map(Number));
  });

  test("many keys in many slots are set, read in order and deleted", async () => {
    const { store, many } = open();
    const keys = Array.from({ length: 300 }, (_, at) => (at % 3 === 0 ? `{same}:${at}` : `k:${at}`));
    await many.set(keys.map((key, at) => [key, entryOf(at)]));
    const found = await many.get([...keys, "none"]);
    expect(found.map((entry) => entry?.value)).toEqual([...keys.keys(), undefined]);
    expect(await Promise.all(keys.map((key) => store.get(key)))).toEqual(found.slice(0, -1));
    expect(await many.delete(["none", ...keys])).toEqual([false, ...keys.map(() => true)]);
    expect((await many.get(keys)).filter((entry) => entry !== undefined)).toEqual([]);
  });

  test.each([
    ["keys of one slot", (own: string) => own, (at: number) => `{one}:${at}`],
    ["keys behind a prefix with a hash tag", (own: string) => `{${own}}:`, (at: number) => `{own ${at}}`],
  ])("%s are read by one MGET", async (_name, prefixOf, keyAt) => {
    const { many } = open(prefixOf(ownPrefix()));
    const keys = Array.from({ length: 50 }, (_, at) => keyAt(at));
    await many.set(keys.map((key, at) => [key, entryOf(at)]));
    const nodes = cluster.ports.map((port) => forThisTest(connect(`redis://127.0.0.1:${port}`)));
    for (const node of nodes) await node.config("RESETSTAT");
    expect((await many.get(keys)).map((entry) => entry?.value)).toEqual([...keys.keys()]);
    const stats = (await Promise.all(nodes.map((node) => node.info("commandstats")))).join("\n");
    expect(stats.match(/cmdstat_mget:calls=(\d+)/g)).toEqual(["cmdstat_mget:calls=1"]);
    expect(stats).not.toContain("cmdstat_get:");
  });

  test("the records of a namespace, its children and their tags live in one slot, and hide what was invalidated", async () => {
    const { keyPrefix, client, store, many } = open();
    const scopes = ["granary:v1:ns", "granary:v1:ns/child", "granary:v1:ns/child/more"];
    const keys = scopes.flatMap((scope) => Array.from({ length: 10 }, (_, at) => `${scope}:${at}`));
    const setAll = () => many.set(keys.map((key) => [key, { ...entryOf(1), tags: ["t"] }]));
    const found = async () => (await many.get(keys)).filter((entry) => entry !== undefined).length;
    await setAll();
    expect(await found()).toBe(30);
    const names = scopes.flatMap((scope) => [recordKey(scope), tagsKey(scope)]);
    expect(new Set(names.map((name) => slotOf(keyPrefix + name))).size).toBe(1);
    expect(await client.exists(...scopes.map(recordKey))).toBe(3);
    const invalidate = declared(store.invalidate);
    await invalidate({ scope: "granary:v1:ns/child", tags: ["t"] });
    expect(await found()).toBe(10);
    await invalidate({ scope: "granary:v1:ns" });
    expect(await found()).toBe(0);
    await setAll();
    expect(await found()).toBe(30);
  });

  test("records outlive what carries them, however it is written", async () => {
    const { client, store } = open();
    const [key, record] = ["granary:v1:ns:k", recordKey("granary:v1:ns")];
    const dayMs = 86_400_000;
    await store.set(key, entryOf(1, 100 * dayMs));
    expect(await client.pttl(record)).toBeGreaterThan(199 * dayMs);
    const leases = declared(store.leases);
    const answer = await leases.acquire(key, "token");
    const generations = answer.type === "granted" ? answer.generations : undefined;
    await leases.fill(key, entryOf("loaded", Number.POSITIVE_INFINITY), { token: "token", generations });
    await eventually(
      () => client.pttl(record),
      (ttl) => ttl === -1,
    );
    expect(await store.get(key)).toMatchObject({ value: "loaded" });
  });

  test("a set is done with the generations that it has read, and a later one hides it", async () => {
    const { client, store } = open();
    const [key, scope] = ["granary:v1:ns:k", "granary:v1:ns"];
    const write = client.callBuffer.bind(client) as (...words: unknown[]) => Promise<unknown>;
    const invalidate = declared(store.invalidate);
    await invalidate({ scope });
    // As by another node, between the two commands of a set.
    let isBetween = true;
    client.callBuffer = (async (...words: unknown[]) => {
      const answer = await write(...words);
      if (isBetween && words.includes("records")) {
        isBetween = false;
        await invalidate({ scope });
      }
      return answer;
    }) as typeof client.callBuffer;
    await store.set(key, entryOf("between"));
    expect(isBetween).toBe(false);
    expect(await store.get(key)).toBeUndefined();
    await store.set(key, entryOf("behind"));
    expect(await store.get(key)).toMatchObject({ value: "behind" });
  });

  test("walking goes through every master, also right after the client was made", async () => {
    const { keyPrefix, many } = open();
    const keys = Array.from({ length: 300 }, (_, at) => `walk:${at}`);
    await many.set([...keys, "else"].map((key) => [key, entryOf(1)]));
    const fresh = redisStore({ client: forThisTest(connectCluster(ports(), { keyPrefix })) });
    onTestFinished(() => fresh.close?.());
    expect(await walked(fresh, "walk:*")).toEqual(keys.sort());
  });

  test("bytes that cannot be read spoil no other read", async () => {
    const { client, store, many } = open();
    await client.set("foreign", "hello", "PX", 60_000);
    await client.lpush("list", "1");
    await store.set("good", entryOf(1));
    const events = eventsOf(store);
    expect(await many.get(["foreign", "list", "good"])).toMatchObject([undefined, undefined, { value: 1 }]);
    expect(new Set(events.map((event) => "key" in event && event.key))).toEqual(new Set(["foreign", "list"]));
  });

  test("what is published at one node is heard through every other, also after a cut", async () => {
    const channel = ownPrefix();
    const clients = cluster.ports.map((port) => forThisTest(connectCluster(port, { keyPrefix: "p:" })));
    const buses = clients.map((client) => redisBus({ client, channel }));
    onTestFinished(async () => {
      for (const bus of buses) await bus.close?.();
    });
    const heard = buses.map(listen);
    await until(() => heard.every(({ gaps }) => gaps === 1));
    for (const port of cluster.ports) {
      await forThisTest(connect(`redis://127.0.0.1:${port}`)).call("CLIENT", "KILL", "TYPE", "pubsub");
    }
    await until(() => heard.every(({ gaps }) => gaps >= 2));
    const message = { type: "changed", keys: ["a"] } as const;
    // A bus may have moved to a node that was cut only then, and have to move again: what is said meanwhile is lost.
    await sayUntil(() => heard.slice(1).every(({ messages }) => messages.length > 0), buses[0], message);
    expect(heard[0]?.messages).toEqual([]);
    expect(heard[1]?.messages[0]).toEqual(message);
    for (const bus of buses) await bus.close?.();
    expect(clients.map((client) => client.listenerCount("error"))).toEqual(clients.map(() => 0));
  });
});
