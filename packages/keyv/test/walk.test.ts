import type { CacheStore } from "@granary/core";
import { keyvStore } from "@granary/keyv";
import { manualClock } from "@granary/testkit";
import { Keyv } from "keyv";
import { expect, test } from "vitest";
import { BatchAdapter, OffsetAdapter } from "./support/adapters.js";
import { entryOf } from "./support/entries.js";
import { keyvs } from "./support/keyvs.js";

const clock = manualClock();

test.each(keyvs)("%s declares walk only where its adapter can name its keys", (_name, openKeyv) => {
  expect(keyvStore(openKeyv({ store: new BatchAdapter() })).walk).toBeUndefined();
  expect(keyvStore(openKeyv({ store: new OffsetAdapter() })).walk).toBeDefined();
  expect(keyvStore(openKeyv()).walk).toBeDefined();
});

test.each([
  ["a plain one", "app"],
  ["one with colons in it", "app:blue:1"],
  ["one with wildcards in it", "a*?"],
  ["none", ""],
])("keys come without Keyv's namespace: %s", async (_name, namespace) => {
  for (const [, openKeyv] of keyvs) await checkNamespace(keyvStore(openKeyv({ namespace }), { clock }));
});

async function checkNamespace(store: CacheStore): Promise<void> {
  const keys = ["app:x", "granary:v1:users:1", "granary:v1:users:2", "x", "~app:x"];
  for (const key of keys) await store.set(key, entryOf(clock, 1));

  expect(await walked(store, "*")).toEqual(keys);
  expect(await walked(store, "granary:v1:users:?")).toEqual(["granary:v1:users:1", "granary:v1:users:2"]);
}

test.each(keyvs)(
  "%s: keys of another namespace are left out, also where they contain ours",
  async (_name, openKeyv) => {
    const data = new Map();
    const ours = keyvStore(openKeyv({ store: data, namespace: "app" }), { clock });
    const others = keyvStore(openKeyv({ store: data, namespace: "other" }), { clock });
    await ours.set("mine", entryOf(clock, 1));
    await others.set("app:theirs", entryOf(clock, 1));

    expect(await walked(ours, "*")).toEqual(["mine"]);
  },
);

test("a damaged value does not stop a walk", async () => {
  const data = new Map([
    ["keyv:a", "}{"],
    ["keyv:b", "null"],
  ]);
  const store = keyvStore(new Keyv({ store: data }), { clock });
  await store.set("c", entryOf(clock, 1));

  expect(await walked(store, "*")).toEqual(["a", "b", "c"]);
});

test("deleting along the way skips no key of an adapter that pages by offset", async () => {
  const store = keyvStore(new Keyv({ store: new OffsetAdapter() }), { clock });
  const pairs = Array.from({ length: 1_200 }, (_, n) => [`k:${n}`, entryOf(clock, n)] as const);
  await store.many?.set(pairs);
  let batches = 0;
  for await (const batch of store.walk?.("k:*") ?? []) {
    await store.many?.delete(batch);
    batches += 1;
  }

  expect(batches).toBeGreaterThan(1);
  expect(await walked(store, "*")).toEqual([]);
});

test("a pattern made to be slow is not", async () => {
  const store = keyvStore(new Keyv(), { clock });
  const key = "a".repeat(2_000);
  await store.set(key, entryOf(clock, 1));

  expect(await walked(store, `${"a*".repeat(50)}b`)).toEqual([]);
  expect(await walked(store, "a*".repeat(50))).toEqual([key]);
});

async function walked(store: CacheStore, glob: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const batch of store.walk?.(glob) ?? []) keys.push(...batch);
  return keys.sort();
}
