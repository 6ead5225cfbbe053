import type { Clock, Serializer } from "@granary/core";
import { redisStore } from "@granary/redis";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { declared, forThisTest, LIBRARIES, ownPrefix } from "./support/clients.js";
import { binarySerializer, entryOf, eventsOf, NOW, walked } from "./support/entries.js";

const standing: Clock = { now: () => NOW, after: () => () => {} };

describe.each(LIBRARIES)("redisStore on $library", ({ connect }) => {
  const keyPrefix = ownPrefix();
  const client = connect(inject("redisUrl"), { keyPrefix });
  const bare = connect(inject("redisUrl"));
  const store = redisStore({ client });
  const many = declared(store.many);

  beforeAll(() => client.ping());
  afterAll(async () => {
    await store.close?.();
    client.disconnect();
    bare.disconnect();
  });

  test("an entry comes back as it was set, with the store's name on it", async () => {
    const entry = { ...entryOf({ id: 1, at: new Date(5) }), tags: ["team:7"], etag: 'W/"1"' };
    await store.set("whole", entry);
    expect(await store.get("whole")).toEqual({ ...entry, tier: "redis" });
  });

  test("a key that nothing was set under is absent, and deleting it says so", async () => {
    expect(await store.get("nothing")).toBeUndefined();
    expect(await store.delete("nothing")).toBe(false);
  });

  test("a deleted entry is gone", async () => {
    await store.set("short", entryOf("lived"));
    expect(await store.delete("short")).toBe(true);
    expect(await store.get("short")).toBeUndefined();
  });

  test("the client's keyPrefix is applied once", async () => {
    await store.set("prefixed", entryOf(1));
    expect(await bare.exists(`${keyPrefix}prefixed`)).toBe(1);
    expect(await bare.exists(`${keyPrefix}${keyPrefix}prefixed`)).toBe(0);
  });

  test("Redis drops an entry at keepUntil, rounded up to a millisecond", async () => {
    const timed = redisStore({ client, clock: standing });
    await timed.set("timed", { value: 1, createdAt: NOW, freshUntil: NOW, keepUntil: NOW + 59_999.2 });
    const left = await client.pttl("timed");
    expect(left).toBeGreaterThan(30_000);
    expect(left).toBeLessThanOrEqual(60_000);
    await timed.close?.();
  });

  test("a life of a quarter of a million years keeps its expiry", async () => {
    const keepUntil = 8_999_999_999_999_999;
    await store.set("far", { value: 1, createdAt: NOW, freshUntil: keepUntil, keepUntil });
    expect(await client.pttl("far")).toBeGreaterThan(1e15);
    expect((await store.get("far"))?.keepUntil).toBe(keepUntil);
  });

  test("an entry beyond what Redis counts to has no expiry", async () => {
    await store.set("for-ever", { value: 1, createdAt: NOW, freshUntil: NOW, keepUntil: Number.POSITIVE_INFINITY });
    expect(await client.pttl("for-ever")).toBe(-1);
    const late = { value: 1, createdAt: NOW, freshUntil: NOW, keepUntil: 1e300 };
    await store.set("for-ever", late);
    expect(await client.pttl("for-ever")).toBe(-1);
  });

  test("setting what is already gone deletes", async () => {
    await store.set("past", entryOf("old"));
    await store.set("past", { value: "new", createdAt: NOW, freshUntil: NOW, keepUntil: Date.now() - 1_000 });
    expect(await client.exists("past")).toBe(0);
  });

  test("an entry that Redis still holds past keepUntil is absent", async () => {
    const entry = entryOf("held", 3_600_000);
    await store.set("held", entry);
    expect(await store.get("held", entry.keepUntil)).toBeUndefined();
    expect(await store.get("held", entry.keepUntil - 1)).toMatchObject({ value: "held" });
  });

  test("bytes of a binary serializer come back as they were", async () => {
    const binary = redisStore({ client, serializer: binarySerializer });
    const value = { bytes: new Uint8Array([0, 255, 10, 13, 128]), big: 2n ** 70n };
    await binary.set("binary", entryOf(value));
    expect((await binary.get("binary"))?.value).toEqual(value);
    await binary.close?.();
  });

  test("a value that cannot be written rejects, and what was there stays", async () => {
    await store.set("stays", entryOf("first"));
    const refusing: Serializer = {
      encode: () => {
        throw new TypeError("no");
      },
      decode: JSON.parse,
    };
    const strict = redisStore({ client, serializer: refusing });
    await expect(strict.set("stays", entryOf("second"))).rejects.toMatchObject({ code: "INVALID_VALUE" });
    const both = [["stays", entryOf(1)]] as const;
    await expect(declared(strict.many).set(both)).rejects.toMatchObject({ code: "INVALID_VALUE" });
    expect(await store.get("stays")).toMatchObject({ value: "first" });
    await strict.close?.();
  });

  test("every decoded entry, and nothing else, goes through admit", async () => {
    await store.set("admitted", entryOf("raw"));
    const seen: string[] = [];
    const admit = async (key: string) => {
      seen.push(key);
      return entryOf("checked");
    };
    expect(store.admits).toBe(true);
    expect(await store.get("admitted", undefined, admit)).toMatchObject({ value: "checked" });
    expect(await store.get("not-there", undefined, admit)).toBeUndefined();
    expect(await many.get(["admitted"], undefined, () => undefined)).toEqual([undefined]);
    expect(seen).toEqual(["admitted"]);
  });

  test("many are set, read in the order of their keys, and deleted", async () => {
    const keys = Array.from({ length: 1_234 }, (_, at) => `many:${at}`);
    await many.set(keys.map((key, at) => [key, entryOf(at)]));
    const found = await many.get([...keys].reverse().concat("many:none", "many:0"));
    expect(found.map((entry) => entry?.value)).toEqual(
      [...keys.keys()].reverse().concat(Number.NaN, 0).map(absentIfNaN),
    );
    expect(await many.delete([...keys, "many:none", "many:0"])).toEqual([...keys.map(() => true), false, false]);
    expect(await many.get(keys.slice(0, 3))).toEqual([undefined, undefined, undefined]);
  });

  test("writes of one turn reach Redis in the order in which they were asked for", async () => {
    const asked = [store.set("order", entryOf(1)), store.delete("order"), store.set("order", entryOf(2))];
    expect(await Promise.all([...asked, store.get("order")])).toMatchObject([undefined, true, undefined, { value: 2 }]);
    await Promise.all([store.set("order", entryOf(3)), many.delete(["order"])]);
    expect(await store.get("order")).toBeUndefined();
  });

  test("a write that Redis refuses rejects alone, in the same turn as others", async () => {
    const user = ownPrefix().replaceAll(":", "-");
    await bare.call("ACL", "SETUSER", user, "on", ">secret", "+@all", `~${keyPrefix}allowed:*`);
    const url = new URL(inject("redisUrl"));
    url.username = encodeURIComponent(user);
    url.password = "secret";
    const limited = redisStore({ client: forThisTest(connect(url.href, { keyPrefix })) });
    const calls = [
      limited.set("allowed:1", entryOf(1)),
      limited.set("refused", entryOf(2)),
      limited.delete("allowed:1"),
    ];
    const [first, second, third] = await Promise.allSettled(calls);
    expect(first).toMatchObject({ status: "fulfilled" });
    expect(second).toMatchObject({ status: "rejected", reason: { message: expect.stringContaining("NOPERM") } });
    expect(third).toMatchObject({ status: "fulfilled", value: true });
    await bare.call("ACL", "DELUSER", user);
    await limited.close?.();
  });

  test("a step that meets something else than a lease rejects alone, in the same turn as others", async () => {
    await Promise.all([store.set("foreign:1", entryOf(1)), store.set("ours:1", entryOf(1))]);
    await bare.lpush(`${keyPrefix}foreign:lease:{${keyPrefix}foreign:1}`, "a list");
    const leases = declared(store.leases);
    const [first, second, third] = await Promise.allSettled([
      leases.acquire("foreign:1", "A"),
      store.set("ours:1", entryOf(2)),
      leases.acquire("ours:1", "A"),
    ]);
    expect(first).toMatchObject({ status: "rejected", reason: { message: expect.stringContaining("WRONGTYPE") } });
    expect(second).toMatchObject({ status: "fulfilled" });
    expect(third).toMatchObject({ status: "fulfilled", value: { type: "granted", entry: { value: 2 } } });
  });

  test("what would make a command too long goes out in several, in its order", async () => {
    const long = "x".repeat(400_000);
    const sets = [1, 2, 3, 4, 5].map((version) => store.set("long", entryOf({ version, long })));
    const found = Promise.all([...sets, store.set("short", entryOf(1))]).then(() => many.get(["long", "short"]));
    expect(await found).toMatchObject([{ value: { version: 5 } }, { value: 1 }]);
  });

  test("walking gives the keys without the prefix, and only those that match", async () => {
    const keys = ["w:a1", "w:é1", "w:a12", "w:[x]", "w:*", "w:😀1", "v:a1"];
    await many.set(keys.map((key) => [key, entryOf(1)]));
    await bare.set(`w:${keyPrefix}`, "not ours", "PX", 60_000);
    expect(await walked(store, "w:*")).toEqual(keys.filter((key) => key !== "v:a1").sort());
    expect(await walked(store, "w:?1")).toEqual(["w:a1", "w:é1", "w:😀1"].sort());
    expect(await walked(store, "w:[x]")).toEqual(["w:[x]"]);
    expect(await walked(store, "w:\\*")).toEqual(["w:*"]);
    expect(await walked(store, "x:*")).toEqual([]);
  });

  test("walking goes through more keys than one step gives", async () => {
    const keys = Array.from({ length: 2_100 }, (_, at) => `long:${at}`);
    await many.set(keys.map((key) => [key, entryOf(1)]));
    expect(await walked(store, "long:*")).toEqual(keys.sort());
  });

  test("walking takes the prefix by the letter", async () => {
    const odd = forThisTest(connect(inject("redisUrl"), { keyPrefix: `${keyPrefix}*?[a]\\` }));
    const strange = redisStore({ client: odd });
    await strange.set("one", entryOf(1));
    await store.set("XYa\\one", entryOf(1));
    expect(await walked(strange, "*")).toEqual(["one"]);
    await strange.close?.();
  });

  test("a lost connection is an event and not the end of the process", async () => {
    const own = forThisTest(connect(inject("redisUrl")));
    expect(own.listenerCount("error")).toBe(0);
    const stores = Array.from({ length: 20 }, () => redisStore({ client: own }));
    expect(own.listenerCount("error")).toBe(1);
    const events = stores.map(eventsOf);
    const error = new Error("connection lost");
    own.emit("error", error);
    expect(events).toEqual(stores.map(() => [{ type: "error", operation: "connection", error }]));
    for (const each of stores) await each.close?.();
    expect(own.listenerCount("error")).toBe(0);
    expect(await own.ping()).toBe("PONG");
  });

  test("what the client rejects with comes through unchanged", async () => {
    const gone = connect(inject("redisUrl"));
    const orphan = redisStore({ client: gone });
    gone.disconnect();
    const calls = [
      orphan.get("a"),
      orphan.set("a", entryOf(1)),
      orphan.delete("a"),
      declared(orphan.many).get(["a", "b"]),
    ];
    const outcomes = await Promise.allSettled(calls);
    expect(outcomes.map(({ status }) => status)).toEqual(calls.map(() => "rejected"));
    await expect(orphan.get("a")).rejects.toThrow("Connection is closed.");
    await expect(walked(orphan, "*")).rejects.toThrow("Connection is closed.");
    await orphan.close?.();
  });
});

function absentIfNaN(value: number): number | undefined {
  return Number.isNaN(value) ? undefined : value;
}
