import { type CacheEntry, type CacheStore, createCache, isPromiseLike, manyOf } from "@granary/core";
import { nextTurn } from "@granary/testkit";
import { describe, expect, test } from "vitest";
import { expireIn } from "../src/expire.js";
import { generationKey } from "../src/kept-generations.js";
import { withGenerations } from "../src/with-generations.js";

const SCOPE = "granary:v1:posts";
const KEY = `${SCOPE}:1`;
const NEVER = Number.POSITIVE_INFINITY;
const entryOf = (value: unknown, tags?: string[]): CacheEntry => ({
  value,
  createdAt: 0,
  freshUntil: NEVER,
  keepUntil: NEVER,
  ...(tags !== undefined && { tags }),
});

/** A backend of three verbs that several processes share: each connection is a store of its own. */
function backend(kind: "at once" | "later") {
  const held = new Map<string, CacheEntry>();
  const later = <T>(step: () => T): T | Promise<T> => (kind === "later" ? nextTurn().then(step) : step());
  const connect = (): CacheStore => ({
    name: "three verbs",
    get: (key) => later(() => held.get(key)),
    set: (key, entry) => later(() => void held.set(key, entry)),
    delete: (key) => later(() => held.delete(key)),
  });
  return { held, connect, open: () => withGenerations(connect()) };
}

describe("a store of three verbs that answers at once", () => {
  test("still does", () => {
    const store = backend("at once").open();
    const answers: unknown[] = [
      store.set(KEY, entryOf(1, ["x"])),
      store.get(KEY),
      store.invalidate?.({ scope: SCOPE, tags: ["x"] }),
      store.get(KEY),
      store.generations?.(KEY),
      store.delete(KEY),
    ];
    expect(answers.some((answer) => isPromiseLike(answer as Promise<unknown>))).toBe(false);
    expect(answers[1]).toMatchObject({ value: 1 });
    expect(answers[3]).toBeUndefined();
  });
});

describe.each(["at once", "later"] as const)("generations as entries of a store that answers %s", (kind) => {
  test("hide what was written before an invalidation, and nothing that was written after it", async () => {
    const { open } = backend(kind);
    const [one, other] = [open(), open()];
    await one.set(KEY, entryOf("old", ["x", "y"]));
    await one.set(`${SCOPE}:2`, entryOf("plain"));
    await other.invalidate?.({ scope: SCOPE, tags: ["y"] });
    expect(await one.get(KEY)).toBeUndefined();
    expect(await one.get(`${SCOPE}:2`)).toMatchObject({ value: "plain" });
    await one.set(KEY, entryOf("new", ["x", "y"]));
    expect(await other.get(KEY)).toMatchObject({ value: "new" });
    await other.invalidate?.({ scope: SCOPE });
    expect(await one.get(KEY)).toBeUndefined();
    expect(await one.get(`${SCOPE}:2`)).toBeUndefined();
  });

  test("hide what was loaded before an invalidation, whenever it is written", async () => {
    const { open } = backend(kind);
    const [one, other] = [open(), open()];
    const generations = (await one.generations?.(KEY)) ?? "";
    await other.invalidate?.({ scope: SCOPE });
    await one.set(KEY, entryOf("old"), { generations });
    expect(await one.get(KEY)).toBeUndefined();
  });

  test("hide everything where their record was lost or cannot be read", async () => {
    const { open, held } = backend(kind);
    const store = open();
    for (const lose of [
      () => held.delete(generationKey(SCOPE)),
      () => held.set(generationKey(SCOPE), entryOf("damaged")),
    ]) {
      await store.set(KEY, entryOf(1));
      expect(await store.get(KEY)).toMatchObject({ value: 1 });
      lose();
      const read = async (): Promise<CacheEntry | undefined> => store.get(KEY);
      expect(await read().catch(() => undefined)).toBeUndefined();
      await store.set(`${SCOPE}:2`, entryOf(2));
      expect(await store.get(KEY)).toBeUndefined();
      expect(await store.get(`${SCOPE}:2`)).toMatchObject({ value: 2 });
    }
  });

  test("remember the last thousand tags of a namespace, and count the others as invalidated", async () => {
    const store = backend(kind).open();
    await store.set(KEY, entryOf("early", ["never invalidated"]));
    for (let at = 0; at < 1_001; at += 1) await store.invalidate?.({ scope: SCOPE, tags: [`t${at}`] });
    expect(await store.get(KEY)).toBeUndefined();
    await store.set(KEY, entryOf("late", ["never invalidated"]));
    await store.invalidate?.({ scope: SCOPE, tags: ["another"] });
    expect(await store.get(KEY)).toMatchObject({ value: "late" });
  });

  test("of two invalidations at once in one process are both kept, by one cache or by two", async () => {
    const { connect } = backend(kind);
    const store = connect();
    const [one, other] = [createCache<number>({ store }), createCache<number>({ store })];
    const tags = Array.from({ length: 20 }, (_, at) => `t${at}`);
    await one.setMany(
      tags.map((tag) => [tag, 1] as const),
      { tags: ["unused"] },
    );
    for (const tag of tags) await one.set(tag, 1, { tags: [tag] });
    await Promise.all(tags.map((tag, at) => (at % 2 === 0 ? one : other).invalidateTags(tag)));
    expect((await one.getMany(tags)).size).toBe(0);
    await one.close();
    await other.close();
  });

  test("of a namespace that is used for the first time are made once, by however many calls", async () => {
    const cache = createCache<number>({ store: backend(kind).connect() });
    const ids = Array.from({ length: 20 }, (_, at) => at);
    await Promise.all(ids.map((id) => cache.set(id, id)));
    expect((await cache.getMany(ids)).size).toBe(20);
    await cache.close();
    const fresh = createCache<number>({ store: backend(kind).connect() });
    await fresh.setMany(ids.map((id) => [id, id] as const));
    expect((await fresh.getMany(ids)).size).toBe(20);
    await fresh.close();
  });
});

/** A connection whose writes of records wait until a test lets them through. */
function heldBack(inner: CacheStore) {
  const waiting: (() => void)[] = [];
  const store: CacheStore = {
    ...inner,
    set: async (key, entry) => {
      if (key === generationKey(SCOPE)) await new Promise<void>((resolve) => waiting.push(resolve));
      return inner.set(key, entry);
    },
  };
  return { store: withGenerations(store), waiting };
}

describe("what a store without an atomic step cannot promise", () => {
  test("of two invalidations that two processes make at once, the one that is written last stands alone", async () => {
    const { open, connect } = backend("at once");
    const reader = open();
    await reader.set(`${SCOPE}:x`, entryOf("x", ["x"]));
    await reader.set(`${SCOPE}:y`, entryOf("y", ["y"]));
    const [one, other] = [heldBack(connect()), heldBack(connect())];
    const both = [
      one.store.invalidate?.({ scope: SCOPE, tags: ["x"] }),
      other.store.invalidate?.({ scope: SCOPE, tags: ["y"] }),
    ];
    await nextTurn();
    // Both have read the record, and none has written it.
    expect([one.waiting.length, other.waiting.length]).toEqual([1, 1]);
    for (const { waiting } of [one, other]) {
      waiting[0]?.();
      await nextTurn();
    }
    await Promise.all(both);
    expect(await reader.get(`${SCOPE}:y`)).toBeUndefined();
    expect(await reader.get(`${SCOPE}:x`)).toMatchObject({ value: "x" });
    // A second try, which comes alone, is kept.
    await open().invalidate?.({ scope: SCOPE, tags: ["x"] });
    expect(await reader.get(`${SCOPE}:x`)).toBeUndefined();
  });

  test("where two processes use a namespace first at once, what one of them wrote is a miss, and never old", async () => {
    const { open, connect } = backend("at once");
    const [one, other] = [heldBack(connect()), heldBack(connect())];
    const both = [one.store.set(`${SCOPE}:1`, entryOf(1)), other.store.set(`${SCOPE}:2`, entryOf(2))];
    await nextTurn();
    for (const { waiting } of [one, other]) {
      waiting[0]?.();
      await nextTurn();
    }
    await Promise.all(both);
    expect(await open().get(`${SCOPE}:1`)).toBeUndefined();
    expect(await open().get(`${SCOPE}:2`)).toMatchObject({ value: 2 });
  });
});

test("a store that judges its entries itself is left as it is", () => {
  const store: CacheStore = {
    ...backend("at once").connect(),
    invalidate: () => ({ epoch: "a", sequence: 1 }),
  };
  expect(withGenerations(store)).toBe(store);
});

test("many keys of one namespace cost one read of its record", async () => {
  const { connect } = backend("later");
  const inner = connect();
  const records: string[] = [];
  const counting: CacheStore = {
    ...inner,
    get: (key) => {
      if (key.includes(":generation:")) records.push(key);
      return inner.get(key);
    },
  };
  const store = withGenerations({ ...counting, many: manyOf(inner) });
  const keys = Array.from({ length: 50 }, (_, at) => `${SCOPE}:${at}`);
  await store.many?.set(keys.map((key) => [key, entryOf(1)] as const));
  const forWriting = records.splice(0).length;
  expect((await store.many?.get(keys))?.every((found) => found?.value === 1)).toBe(true);
  expect([forWriting, records.length]).toEqual([2, 1]);
});

test("what was invalidated while it was made stale stays hidden", async () => {
  const { connect, open } = backend("later");
  const [inner, other] = [connect(), open()];
  const store = withGenerations({
    ...inner,
    get: async (key) => {
      const found = await inner.get(key);
      if (key === KEY && found !== undefined) await other.invalidate?.({ scope: SCOPE });
      return found;
    },
  });
  const inTime = withGenerations(inner);
  await inTime.set(KEY, entryOf("old"));
  // The records are read beside the entry, so it is valid by them.
  expect(await expireIn(store, KEY, { now: 0, staleMs: 1_000 })).toBe(true);
  expect(await inTime.get(KEY)).toBeUndefined();
  await inTime.set(KEY, entryOf("new"));
  expect(await expireIn(inTime, KEY, { now: 0, staleMs: 1_000 })).toBe(true);
  expect(await inTime.get(KEY)).toMatchObject({ value: "new", keepUntil: 1_000 });
});

test.each(["at once", "later"] as const)(
  "a load asks once for the generations, of a store that answers %s",
  async (kind) => {
    const inner = withGenerations(backend(kind).connect());
    let asked = 0;
    const store: CacheStore = {
      ...inner,
      remote: false,
      generations: (key) => {
        asked += 1;
        return inner.generations?.(key) ?? "";
      },
    };
    const cache = createCache<number>({ store });
    expect(await cache.getOrSet("a", () => 1)).toBe(1);
    expect([asked, await cache.get("a")]).toEqual([1, 1]);
    await cache.close();
  },
);
