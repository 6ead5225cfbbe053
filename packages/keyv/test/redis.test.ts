import { type StoreEvent, systemClock } from "@granary/core";
import { keyvStore } from "@granary/keyv";
import KeyvRedis from "@keyv/redis";
import { expect, inject, test } from "vitest";
import { entryOf, errorsOf } from "./support/entries.js";
import { keyvs, type TestKeyv } from "./support/keyvs.js";

const KEY = "granary:v1:users:1";

test.each(keyvs)("%s: Redis itself is told when an entry may go, and holds text", async (name, openKeyv) => {
  await withRedis({ openKeyv, namespace: `keyv-ttl-${name}` }, async (keyv, { client }) => {
    const store = keyvStore(keyv);
    await store.set(KEY, entryOf(systemClock, { name: "Ann" }));
    await store.set("for ever", entryOf(systemClock, 1, { freshUntil: Infinity, keepUntil: Infinity }));
    const keys = await client.keys(`keyv-ttl-${name}::*`);
    const texts = await client.mGet(keys);
    const lives = await Promise.all(keys.map((key) => client.pTTL(key)));

    expect(texts).toHaveLength(2);
    for (const text of texts) expect(text).toContain("granary2 ");
    const [never, finite] = lives.sort((one, other) => one - other);
    expect(never).toBe(-1);
    expect(finite).toBeGreaterThan(0);
    expect(finite).toBeLessThanOrEqual(120_000);
  });
});

test.each(keyvs)("%s: an error reply of Redis, which the adapter swallows, is not a miss", async (name, openKeyv) => {
  await withRedis({ openKeyv, namespace: `keyv-reply-${name}` }, async (keyv, { client }) => {
    const store = keyvStore(keyv);
    const events: StoreEvent[] = [];
    store.on?.((event) => events.push(event));
    await store.set(KEY, entryOf(systemClock, 1));
    const [full] = await client.keys(`keyv-reply-${name}::*`);
    await client.del(String(full));
    await client.lPush(String(full), "not a string");

    await expect(store.get(KEY)).rejects.toThrow("WRONGTYPE");
    expect(errorsOf(events)[0]).toMatch(/^connection: .*WRONGTYPE/);
    expect(await store.delete(KEY)).toBe(true);
    expect(await store.get(KEY)).toBeUndefined();
  });
});

interface Setup {
  readonly namespace: string;
  openKeyv(settings: { store: unknown; namespace: string }): TestKeyv;
}

interface Client {
  readonly client: {
    keys(glob: string): Promise<string[]>;
    mGet(keys: string[]): Promise<Array<string | null>>;
    pTTL(key: string): Promise<number>;
    del(key: string): Promise<number>;
    lPush(key: string, item: string): Promise<number>;
  };
}

async function withRedis({ namespace, openKeyv }: Setup, use: (keyv: TestKeyv, redis: Client) => Promise<void>) {
  const adapter = new KeyvRedis(inject("redisUrl"));
  const keyv = openKeyv({ store: adapter, namespace });
  try {
    await use(keyv, adapter as unknown as Client);
  } finally {
    await keyv.disconnect();
  }
}
