import { type CacheStore, guarded } from "@granary/core";
import { keyvStore } from "@granary/keyv";
import { memoryStore } from "@granary/memory";
import { redisBus, redisStore } from "@granary/redis";
import { tiered } from "@granary/tiered";
import KeyvRedis from "@keyv/redis";
import { Keyv } from "keyv";
import { inject } from "vitest";
import { ownName, redisClient } from "./redis-client.js";

/** A store, and the clients under it. */
export interface OpenStore {
  readonly store: CacheStore;
  disconnect(): Promise<unknown> | void;
}

/** So long that no slow machine reaches it. */
const LIMIT = "1m";

/** Every store and pair of stores that an application may be given in its place. */
export const shopStores: ReadonlyArray<readonly [name: string, open: () => OpenStore]> = [
  ["memory", () => ({ store: memoryStore(), disconnect: () => undefined })],
  ["Redis", () => patient(redis())],
  ["a Keyv on a Map", () => ({ store: keyvStore(new Keyv()), disconnect: () => undefined })],
  ["a Keyv on Redis", () => patient(keyvOnRedis())],
  ["memory over Redis, with a bus", memoryOverRedis],
  ["memory over a Keyv on a Map", () => overMemory({ store: keyvStore(new Keyv()), disconnect: () => undefined })],
  ["memory over a Keyv on Redis", () => overMemory(keyvOnRedis())],
];

function patient({ store, disconnect }: OpenStore): OpenStore {
  return { store: guarded(store, { timeout: LIMIT }), disconnect };
}

function redis(): OpenStore {
  const client = redisClient();
  return { store: redisStore({ client }), disconnect: () => client.disconnect() };
}

function keyvOnRedis(): OpenStore {
  const keyv = new Keyv({ store: new KeyvRedis(inject("redisUrl")), namespace: ownName() });
  return { store: keyvStore(keyv), disconnect: () => keyv.disconnect() };
}

function memoryOverRedis(): OpenStore {
  const client = redisClient();
  const bus = redisBus({ client, channel: ownName() });
  const store = tiered({ l1: memoryStore(), l2: redisStore({ client }), l2Timeout: LIMIT, bus });
  return { store, disconnect: () => client.disconnect() };
}

function overMemory({ store, disconnect }: OpenStore): OpenStore {
  return { store: tiered({ l1: memoryStore(), l2: store, l2Timeout: LIMIT }), disconnect };
}
