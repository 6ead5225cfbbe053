import type { StoreEvent } from "@granary/core";
import { keyvStore } from "@granary/keyv";
import { manualClock } from "@granary/testkit";
import { Keyv } from "keyv";
import { Keyv as Keyv6 } from "keyv-6";
import { expect, test, vi } from "vitest";
import { BatchAdapter } from "./support/adapters.js";
import { bytesSerializer, entryOf, errorsOf } from "./support/entries.js";
import { keyvs } from "./support/keyvs.js";

const KEY = "granary:v1:users:1";

test("an entry comes back with its deadlines, its tags and the name of the store as its tier", async () => {
  const clock = manualClock();
  const store = keyvStore(new Keyv(), { clock, name: "far" });
  const entry = entryOf(clock, { since: new Date(0) }, { tags: ["a", "b"], etag: "x" });

  await store.set(KEY, entry);

  expect(await store.get(KEY)).toEqual({ ...entry, tier: "far" });
  expect(store.name).toBe("far");
  expect(store.clock).toBe(clock);
});

test("Keyv holds one string for an entry, also with a binary serializer", async () => {
  const clock = manualClock();
  for (const options of [{ clock }, { clock, serializer: bytesSerializer }]) {
    const keyv = new Keyv();
    const store = keyvStore(keyv, options);
    await store.set(KEY, entryOf(clock, { name: "Ann" }));
    expect(typeof (await keyv.get(KEY))).toBe("string");
    expect((await store.get(KEY))?.value).toEqual({ name: "Ann" });
  }
});

test("bytes longer than one chunk, and of every kind, survive", async () => {
  const clock = manualClock();
  const bytes = Uint8Array.from({ length: 70_000 }, (_, at) => at % 256);
  const serializer = { encode: () => bytes, decode: (data: string | Uint8Array) => data };
  const store = keyvStore(new Keyv(), { clock, serializer });

  await store.set(KEY, entryOf(clock, "anything"));

  expect((await store.get(KEY))?.value).toEqual(bytes);
});

test("Keyv is given what is left of the entry's life, and no ttl for one that never ends", async () => {
  const clock = manualClock(1_000_000);
  const ttls: unknown[] = [];
  const keyv = new Keyv();
  keyv.hooks.addHandler("preSet", ({ ttl }: { ttl?: number }) => void ttls.push(ttl));
  const store = keyvStore(keyv, { clock });

  await store.set(KEY, entryOf(clock, 1, { keepUntil: clock.now() + 1_234.5 }));
  await store.set(KEY, entryOf(clock, 1, { keepUntil: Infinity }));

  expect(ttls).toEqual([1_235, undefined]);
});

test("the store itself holds keepUntil against its own clock, or the instant it is given", async () => {
  const clock = manualClock();
  const store = keyvStore(new Keyv(), { clock });
  await store.set(KEY, entryOf(clock, 1, { keepUntil: clock.now() + 70_000 }));

  expect(await store.get(KEY, clock.now() + 70_000)).toBeUndefined();
  await clock.advance(69_999);
  expect(await store.get(KEY)).toBeDefined();
  await clock.advance(1);
  expect(await store.get(KEY)).toBeUndefined();
  expect(await store.many?.get([KEY])).toEqual([undefined]);
});

test("setting an entry that is gone already leaves nothing under the key", async () => {
  const clock = manualClock();
  const keyv = new Keyv();
  const store = keyvStore(keyv, { clock });
  await store.set(KEY, entryOf(clock, 1));

  await store.set(KEY, entryOf(clock, 2, { keepUntil: clock.now() }));

  expect(await keyv.has(KEY)).toBe(false);
});

test("a value that cannot be written rejects before the backend is touched, alone and among many", async () => {
  const clock = manualClock();
  const adapter = new BatchAdapter();
  const serializer = {
    encode: (value: unknown) => {
      if (value === "bad") throw new Error("no");
      return "good";
    },
    decode: (data: string | Uint8Array) => data,
  };
  const store = keyvStore(new Keyv({ store: adapter }), { clock, serializer });

  await expect(store.set(KEY, entryOf(clock, "bad"))).rejects.toMatchObject({ code: "INVALID_VALUE" });
  const pairs = [
    ["a", entryOf(clock, "good")],
    ["b", entryOf(clock, "bad")],
  ] as const;
  await expect(store.many?.set(pairs)).rejects.toMatchObject({ code: "INVALID_VALUE" });
  expect(adapter.calls).toEqual([]);
});

test("each verb for many keys is one call of an adapter that has it, and a count costs one more", async () => {
  const clock = manualClock();
  const adapter = new BatchAdapter();
  const store = keyvStore(new Keyv({ store: adapter }), { clock });

  await store.many?.set([
    ["a", entryOf(clock, 1)],
    ["b", entryOf(clock, 2)],
  ]);
  const found = await store.many?.get(["b", "none", "a"]);
  const removed = await store.many?.delete(["a", "none", "b", "a"]);

  expect(found?.map((entry) => entry?.value)).toEqual([2, undefined, 1]);
  expect(removed).toEqual([true, false, true, false]);
  expect(adapter.calls).toEqual(["setMany", "getMany", "hasMany", "deleteMany"]);
});

test("admit is asked once for each entry that is decoded, and decides", async () => {
  const clock = manualClock();
  const store = keyvStore(new Keyv(), { clock });
  for (const key of ["a", "b", "gone"]) await store.set(key, entryOf(clock, key));
  const asked: string[] = [];
  const admit = (key: string, entry: ReturnType<typeof entryOf>) => {
    asked.push(key);
    return key === "a" ? { ...entry, value: "changed" } : undefined;
  };

  expect(store.admits).toBe(true);
  expect((await store.get("a", undefined, admit))?.value).toBe("changed");
  expect(await store.many?.get(["b", "none"], clock.now(), admit)).toEqual([undefined, undefined]);
  expect(await store.get("gone", clock.now() + 120_000, admit)).toBeUndefined();
  expect(asked).toEqual(["a", "b"]);
});

test("two Keyvs on one map keep their namespaces apart", async () => {
  const clock = manualClock();
  const data = new Map();
  const first = keyvStore(new Keyv({ store: data, namespace: "one" }), { clock });
  const second = keyvStore(new Keyv({ store: data, namespace: "two" }), { clock });

  await first.set(KEY, entryOf(clock, 1));

  expect([...data.keys()]).toEqual([`one:${KEY}`]);
  expect(await second.get(KEY)).toBeUndefined();
  expect(await second.delete(KEY)).toBe(false);
  expect((await first.get(KEY))?.value).toBe(1);
});

test("a key that begins with Keyv's namespace is a key of its own, alone and among many", async () => {
  const clock = manualClock();
  const store = keyvStore(new Keyv({ store: new BatchAdapter(), namespace: "app" }), { clock });
  const keys = ["x", "app:x", "~app:x", "app:app:x", "~x"];

  for (const key of keys) await store.set(key, entryOf(clock, key));

  for (const key of keys) expect((await store.get(key))?.value).toBe(key);
  expect((await store.many?.get(keys))?.map((entry) => entry?.value)).toEqual(keys);
  expect(await store.many?.delete(["app:x"])).toEqual([true]);
  expect((await store.get("x"))?.value).toBe("x");
});

test.each(keyvs)(
  "after close no listener of ours is left on %s, and what it emits is not told",
  async (_name, openKeyv) => {
    const keyv = openKeyv();
    const others = vi.fn();
    keyv.on("error", others);
    const before = keyv.listeners("error").length;
    const events: StoreEvent[] = [];
    const store = keyvStore(keyv);
    store.on?.((event) => events.push(event));
    expect(keyv.listeners("error")).toHaveLength(before + 1);

    keyv.emit("error", new Error("before"));
    await store.close?.();
    keyv.emit("error", new Error("after"));

    expect(keyv.listeners("error")).toEqual([others]);
    expect(errorsOf(events)).toEqual(["connection: before"]);
  },
);

test("close leaves the Keyv that was given open", async () => {
  const keyv = new Keyv();
  const heard: string[] = [];
  keyv.on("disconnect", () => void heard.push("disconnect"));

  await keyvStore(keyv).close?.();

  await keyv.set("still", "here");
  expect(await keyv.get("still")).toBe("here");
  expect(heard).toEqual([]);
});

test("Keyv 6 is asked once for each verb for many keys where its adapter answers for each key", async () => {
  const clock = manualClock();
  const keyv = new Keyv6();
  const store = keyvStore(keyv, { clock });
  const deleteMany = vi.spyOn(keyv, "deleteMany");
  const hasMany = vi.spyOn(keyv, "hasMany");
  await store.many?.set([
    ["a", entryOf(clock, 1)],
    ["b", entryOf(clock, 2)],
  ]);

  expect(await store.many?.delete(["a", "none", "b"])).toEqual([true, false, true]);
  expect(deleteMany).toHaveBeenCalledTimes(1);
  expect(hasMany).not.toHaveBeenCalled();
});

test("a listener that was taken away hears nothing more", () => {
  const keyv = new Keyv();
  const events: StoreEvent[] = [];
  const stop = keyvStore(keyv).on?.((event) => events.push(event));

  keyv.emit("error", new Error("first"));
  void stop?.();
  keyv.emit("error", new Error("second"));

  expect(errorsOf(events)).toEqual(["connection: first"]);
});
