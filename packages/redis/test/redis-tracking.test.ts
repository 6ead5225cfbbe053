import { createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { type RedisClient, redisStore, redisTracking } from "@granary/redis";
import { tiered } from "@granary/tiered";
import { describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "../../../test/support/eventually.js";
import { ownRedis } from "../../../test/support/own-redis.js";
import { startRedis } from "../../../test/support/redis-server.js";
import { recordKey, tagsKey } from "../src/generation-keys.js";
import { type Heard, listen, until } from "./support/bus-listening.js";
import { declared, forThisTest, LIBRARIES, ownPrefix } from "./support/clients.js";
import { entryOf } from "./support/entries.js";
import { expectNoRejections } from "./support/rejections.js";
import { runTrackingContract } from "./support/tracking-contract.js";

const redis = ownRedis();
expectNoRejections();

/** The keys that were said to have changed. */
const keysOf = ({ messages }: Heard): string[] =>
  messages.flatMap((message) => (message.type === "changed" ? message.keys : []));

const invalidationsOf = ({ messages }: Heard) => messages.filter(({ type }) => type === "invalidated");

function trackingOn(client: RedisClient, prefix?: string) {
  const bus = redisTracking({ client, ...(prefix !== undefined && { prefix }) });
  onTestFinished(() => bus.close?.());
  return bus;
}

describe.each(LIBRARIES)("redisTracking on $library", ({ connect }) => {
  const open = async (keyPrefix = ownPrefix()) => {
    const client = forThisTest(connect(redis.server.url, { keyPrefix }));
    const foreign = forThisTest(connect(redis.server.url));
    const bus = trackingOn(client);
    const heard = listen(bus);
    await until(() => heard.gaps === 1);
    /** The key of an id as other programs know it. */
    const full = (id: string): string => `${keyPrefix}granary:v1:ns:${id}`;
    const store = redisStore({ client });
    onTestFinished(() => store.close?.());
    return { keyPrefix, client, foreign, bus, heard, full, store };
  };

  test("what another program writes, deletes or lets expire is heard under the key as caches know it", async () => {
    const { foreign, heard, full } = await open();
    await foreign.set(full("é😀"), 1);
    await foreign.del(full("é😀"));
    await foreign.set(full("brief"), 1, "PX", 1);
    await until(() => keysOf(heard).filter((key) => key === "granary:v1:ns:brief").length === 2);
    expect(keysOf(heard).filter((key) => key.endsWith("é😀"))).toEqual(["granary:v1:ns:é😀", "granary:v1:ns:é😀"]);
    expect(heard).toMatchObject({ gaps: 1, errors: [] });
  });

  test("keys of others, and leases, are not", async () => {
    const { keyPrefix, foreign, heard, full, store } = await open();
    for (const key of ["granary:v1:ns:a", `${keyPrefix}granaries:v1:ns:a`, `${keyPrefix}other`, "x"]) {
      await foreign.set(key, 1);
    }
    const leases = declared(store.leases);
    await leases.acquire("granary:v1:ns:leased", "token");
    await leases.renew("granary:v1:ns:leased", "token");
    await leases.release("granary:v1:ns:leased", "token");
    await foreign.set(full("last"), 1);
    await until(() => keysOf(heard).length === 1);
    expect(heard.messages).toEqual([{ type: "changed", keys: ["granary:v1:ns:last"] }]);
  });

  test("a delete of what is not there is heard too, since somebody may be loading it", async () => {
    const { heard, store } = await open();
    expect(await store.delete("granary:v1:ns:absent")).toBe(false);
    await until(() => keysOf(heard).length === 1);
    const [there, absent] = ["granary:v1:ns:there", "granary:v1:ns:absent"];
    await store.set(there, entryOf(1));
    expect(await declared(store.many).delete([there, absent])).toEqual([true, false]);
    await until(() => keysOf(heard).filter((key) => key === absent).length === 2);
    expect(await declared(store.many).get([there, absent])).toEqual([undefined, undefined]);
  });

  test("a flush is a gap, of the whole server or of any of its databases", async () => {
    const { foreign, heard } = await open();
    await foreign.flushall();
    await until(() => heard.gaps === 2);
    await foreign.select(3);
    await foreign.flushdb();
    await until(() => heard.gaps === 3);
    expect(heard.messages).toEqual([]);
  });

  test("what another node invalidates is heard as it says it: namespaces, and tags together", async () => {
    const { heard, store } = await open();
    const invalidate = declared(store.invalidate);
    const [scope, tags] = ["granary:v1:ns", ["b", "a:x}y", "c"]];
    const cleared = await invalidate({ scope });
    await until(() => heard.messages.length === 1);
    expect(heard.messages).toEqual([{ type: "invalidated", scope, ...cleared }]);
    const tagged = await invalidate({ scope, tags });
    await until(() => invalidationsOf(heard).length === 2);
    // That the namespace was cleared has been told.
    expect(heard.messages.slice(1)).toEqual([{ type: "invalidated", scope, ...tagged, tags: [...tags].sort() }]);
    const again = await invalidate({ scope, tags: ["c"] });
    await until(() => invalidationsOf(heard).length === 3);
    expect(heard.messages.slice(2)).toEqual([{ type: "invalidated", scope, ...again, tags: ["c"] }]);
    expect(heard.gaps).toBe(1);
  });

  test("a load or a write that makes the record of its namespace invalidates nothing", async () => {
    const { heard, store, foreign, full } = await open();
    await store.set("granary:v1:ns:a", entryOf(1));
    await declared(store.leases).acquire("granary:v1:other:a", "token");
    await foreign.set(full("last"), 1);
    await until(() => keysOf(heard).includes("granary:v1:ns:last"));
    const cleared = await declared(store.invalidate)({ scope: "granary:v1:other" });
    await until(() => invalidationsOf(heard).length === 1);
    expect(invalidationsOf(heard)).toEqual([{ type: "invalidated", scope: "granary:v1:other", ...cleared }]);
    expect(heard.gaps).toBe(1);
  });

  test("more tags than are worth telling one by one are their whole namespace", async () => {
    const { heard, store } = await open();
    const tags = Array.from({ length: 1_200 }, (_, at) => `tag ${at}`);
    const generation = await declared(store.invalidate)({ scope: "granary:v1:ns", tags });
    await until(() => heard.messages.length === 1);
    expect(heard.messages).toEqual([{ type: "invalidated", scope: "granary:v1:ns", ...generation }]);
  });

  test("tags whose sequences were lost before they could be read are their whole namespace", async () => {
    const { client, heard } = await open();
    await client.set(recordKey("granary:v1:ns"), "e 9 0 9");
    await until(() => heard.messages.length === 1);
    expect(heard.messages).toEqual([{ type: "invalidated", scope: "granary:v1:ns", epoch: "e", sequence: 9 }]);
  });

  test("a tag whose sequence was lost before it could be read is its whole namespace, whatever tag came behind it", async () => {
    const { client, heard } = await open();
    const [record, tags] = [recordKey("granary:v1:ns"), tagsKey("granary:v1:ns")];
    await client.multi().zadd(tags, 0, "ee", 5, "ta").set(record, "e 5 0 5").exec();
    await until(() => heard.messages.length === 1);
    await client.multi().del(tags).zadd(tags, 7, "ee", 9, "tb").set(record, "e 9 0 9").exec();
    await until(() => heard.messages.length === 2);
    expect(heard.messages).toEqual([
      { type: "invalidated", scope: "granary:v1:ns", tags: ["a"], epoch: "e", sequence: 5 },
      { type: "invalidated", scope: "granary:v1:ns", epoch: "e", sequence: 9 },
    ]);
  });

  test("C16: a record that is lost, or made anew, before an invalidation could be read in it is one", async () => {
    const { client, heard } = await open();
    const [scope, record] = ["granary:v1:ns", recordKey("granary:v1:ns")];
    await client.multi().set(record, "e 5 5 0").del(record).exec();
    await until(() => heard.messages.length === 1);
    await client.set(record, "f 6 6 0");
    await until(() => heard.messages.length === 2);
    await client.multi().set(record, "f 7 7 0").set(record, "g 8 0 0").exec();
    await until(() => heard.messages.length === 3);
    const lost = { type: "invalidated", scope, epoch: expect.any(String), sequence: 0 };
    const others = [["f", 6] as const, ["g", 8] as const].map(([epoch, sequence]) => ({ ...lost, epoch, sequence }));
    expect(heard.messages).toEqual([lost, ...others]);
  });

  test("a record that cannot be read is a gap", async () => {
    const { client, heard } = await open();
    await client.set(recordKey("granary:v1:ns"), "rubbish");
    await until(() => heard.gaps === 2);
    await client.lpush(recordKey("granary:v1:other"), "rubbish");
    await until(() => heard.gaps === 3);
    await client.set(recordKey("granary:v1:ns"), "e 7 7 0");
    await until(() => heard.messages.length === 1);
    expect(heard.messages).toEqual([{ type: "invalidated", scope: "granary:v1:ns", epoch: "e", sequence: 7 }]);
  });

  test("a connection that was cut is opened again, tracks again, and each beginning is a gap", async () => {
    const { client, foreign, heard, full } = await open();
    for (let cuts = 1; cuts <= 2; cuts += 1) {
      await until(() => heard.gaps === cuts);
      expect(await client.call("CLIENT", "KILL", "TYPE", "pubsub")).toBeGreaterThan(0);
    }
    await until(() => heard.gaps === 3);
    await foreign.set(full("a"), 1);
    await until(() => keysOf(heard).length === 1);
    expect(heard.errors).toEqual([]);
  });

  test("the client's connection may be cut, and nothing is lost", async () => {
    const { client, foreign, heard, full } = await open();
    const id = await client.client("ID");
    await foreign.call("CLIENT", "KILL", "ID", String(id));
    await foreign.set(full("a"), 1);
    await until(() => keysOf(heard).length === 1);
    expect(heard.gaps).toBe(1);
  });

  test("a user who may not track is told to use redisBus, once, and has gaps", async () => {
    const { client } = await open();
    const user = ownPrefix().replaceAll(":", "-");
    await client.call("ACL", "SETUSER", user, "on", ">secret", "+@all", "-client|tracking", "~*", "&*");
    const url = new URL(redis.server.url);
    url.username = user;
    url.password = "secret";
    const refused = listen(trackingOn(forThisTest(connect(url.href))));
    await until(() => refused.gaps >= 1);
    expect(refused.errors).toEqual([expect.objectContaining({ code: "UNSUPPORTED" })]);
    expect(String(refused.errors[0])).toContain("redisBus({ client })");
    await client.call("ACL", "SETUSER", user, "+client|tracking");
    await until(() => refused.gaps >= 2);
    await client.set("granary:v1:ns:a", 1);
  });

  test("closing leaves no connection and no listener, and the client as it was", async () => {
    const { client, bus, store } = await open();
    const subscribed = async (): Promise<number> =>
      String(await client.client("LIST", "TYPE", "PUBSUB")).match(/^id=/gm)?.length ?? 0;
    const others = (await subscribed()) - 1;
    await bus.close?.();
    await bus.close?.();
    await store.close?.();
    expect(client.listenerCount("error")).toBe(0);
    expect(await subscribed()).toBe(others);
    expect(() => listen(bus)).toThrow(expect.objectContaining({ code: "CLOSED" }));
  });

  describe("the contract of a bus, with the writes that go with what is published,", () => {
    runTrackingContract((keyPrefix) => connect(redis.server.url, { keyPrefix }));
  });
});

const [{ connect }] = LIBRARIES;

test("a key that the bus does not hear of is refused, with what to write instead", async () => {
  const client = forThisTest(connect(redis.server.url));
  const bus = trackingOn(client, "shop");
  await bus.publish({ type: "changed", keys: ["shop:v1:ns:a"] });
  await bus.publish({ type: "invalidated", scope: "shop:v1:ns", epoch: "e", sequence: 1 });
  const other = expect.objectContaining({
    code: "INVALID_OPTION",
    message: expect.stringContaining('redisTracking({ client, prefix: "granary" })'),
  });
  await expect(bus.publish({ type: "changed", keys: ["shop:v1:ns:a", "granary:v1:ns:a"] })).rejects.toEqual(other);
  const elsewhere = { type: "invalidated", scope: "granary:v1:ns", epoch: "e", sequence: 1 } as const;
  await expect(bus.publish(elsewhere)).rejects.toEqual(other);
  for (const prefix of ["", "a:b", "a{b", 7 as unknown as string]) {
    expect(() => redisTracking({ client, prefix })).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
  }
});

describe("tiers on it", () => {
  const openNodes = async () => {
    const keyPrefix = ownPrefix();
    const foreign = forThisTest(connect(redis.server.url, { keyPrefix }));
    const [one, other] = [openNode(keyPrefix), openNode(keyPrefix)];
    await until(() => one.heard.gaps === 1 && other.heard.gaps === 1);
    /** Writes elsewhere, and resolves once this node holds a copy of it. */
    const held = async (value: number): Promise<void> => {
      await other.cache.set("k", value, { tags: ["t"] });
      const isNear = async (): Promise<boolean> => {
        const before = one.nearHits();
        return (await one.cache.get("k")) === value && one.nearHits() > before;
      };
      await eventually(isNear, (is) => is);
    };
    const gone = () =>
      eventually(
        () => one.cache.get("k"),
        (value) => value === undefined,
      );
    return { foreign, one, other, held, gone };
  };

  function openNode(keyPrefix: string) {
    const client = forThisTest(connect(redis.server.url, { keyPrefix }));
    const [bus, l2] = [redisTracking({ client }), redisStore({ client })];
    const cache = createCache<number>({
      store: tiered({ l1: memoryStore(), l2, l2Timeout: "1m", bus }),
      namespace: "ns",
      ttl: "1h",
    });
    onTestFinished(() => cache.close());
    return { cache, heard: listen(bus), nearHits: () => cache.stats().tiers["memory"] ?? 0 };
  }

  test("drop what another program deleted, let expire or flushed", async () => {
    const { foreign, held, gone } = await openNodes();
    const key = "granary:v1:ns:k";
    for (const change of [() => foreign.del(key), () => foreign.pexpire(key, 1), () => foreign.flushall()]) {
      await held(1);
      await change();
      await gone();
    }
  });

  test("hide what another node invalidated, by tag or with its namespace", async () => {
    const { other, held, gone } = await openNodes();
    for (const change of [() => other.cache.invalidateTags("t"), () => other.cache.clear()]) {
      await held(1);
      await change();
      await gone();
    }
  });

  test("ask the store once more after a change of their own, and then hold it near", async () => {
    const { one } = await openNodes();
    await one.cache.set("own", 1);
    await until(() => keysOf(one.heard).includes("granary:v1:ns:own"));
    const before = one.cache.stats();
    expect([await one.cache.get("own"), await one.cache.get("own")]).toEqual([1, 1]);
    expect(one.cache.stats()).toMatchObject({ hits: before.hits + 2, tiers: { redis: 1, memory: one.nearHits() } });
    expect(one.nearHits()).toBe((before.tiers["memory"] ?? 0) + 1);
  });
});

test("a server that is full still deletes what is not there", async () => {
  const full = await startRedis("--maxmemory-policy", "noeviction");
  onTestFinished(() => full.stop());
  const client = forThisTest(connect(full.url));
  const store = redisStore({ client });
  onTestFinished(() => store.close?.());
  await client.config("SET", "maxmemory", "1");
  await expect(store.set("granary:v1:ns:a", entryOf(1))).rejects.toMatchObject({ code: "STORE_REFUSED" });
  expect(await store.delete("granary:v1:ns:a")).toBe(false);
});

test("an invalidation that the client cannot read is a gap", async () => {
  const keyPrefix = ownPrefix();
  const client = forThisTest(connect(redis.server.url, { keyPrefix, enableOfflineQueue: false }));
  const heard = listen(trackingOn(client));
  await until(() => heard.gaps === 1);
  client.disconnect();
  const store = redisStore({ client: forThisTest(connect(redis.server.url, { keyPrefix })) });
  onTestFinished(() => store.close?.());
  await declared(store.invalidate)({ scope: "granary:v1:ns" });
  await until(() => heard.gaps === 2);
  expect(heard.messages).toEqual([]);
});

test("invalidations that a client does not come to read are a gap every two seconds", async () => {
  const client = forThisTest(connect(redis.server.url, { keyPrefix: ownPrefix() }));
  const heard = listen(trackingOn(client));
  await until(() => heard.gaps === 1);
  client.callBuffer = () => new Promise(() => {});
  await client.set(recordKey("granary:v1:ns"), "e 5 5 0");
  await until(() => heard.gaps === 3);
  expect(heard).toMatchObject({ errors: [], messages: [] });
});

test("a tag that Redis cannot tell from another, half a character, is told as the whole namespace", async () => {
  const client = forThisTest(connect(redis.server.url, { keyPrefix: ownPrefix() }));
  const [heard, store] = [listen(trackingOn(client)), redisStore({ client })];
  onTestFinished(() => store.close?.());
  await until(() => heard.gaps === 1);
  for (const tag of ["\ud83d", "a\nb", "😀"]) {
    heard.messages.length = 0;
    await declared(store.invalidate)({ scope: "granary:v1:ns", tags: [tag] });
    await until(() => heard.messages.length === 1);
    const [message] = invalidationsOf(heard);
    expect(message).toEqual(
      tag === "\ud83d"
        ? expect.not.objectContaining({ tags: expect.anything() })
        : expect.objectContaining({ tags: [tag] }),
    );
  }
});

test("a user with the rules that docs/buses.md names is let do all that the bus does", async () => {
  const [keyPrefix, user] = [ownPrefix(), ownPrefix().replaceAll(":", "-")];
  const admin = forThisTest(connect(redis.server.url, { keyPrefix }));
  const rules = ["+client", "+subscribe", "+ping", "+eval", "+get", "+zrangebyscore", "+info"];
  await admin.call("ACL", "SETUSER", user, "on", ">secret", ...rules, `~${keyPrefix}*`, "&__redis__:invalidate");
  const url = new URL(redis.server.url);
  url.username = user;
  url.password = "secret";
  const heard = listen(trackingOn(forThisTest(connect(url.href, { keyPrefix }))));
  await until(() => heard.gaps === 1);
  await admin.set("granary:v1:ns:a", 1);
  await admin.set(recordKey("granary:v1:ns"), "e 5 5 0");
  await until(() => heard.messages.length === 2);
  expect(heard).toMatchObject({ gaps: 1, errors: [] });
});
