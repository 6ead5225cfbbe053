import type { CacheStore } from "@granary/core";
import { keyvStore } from "@granary/keyv";
import { runStoreContract, type StoreCapability } from "@granary/testkit";
import KeyvRedis from "@keyv/redis";
import { Keyv } from "keyv";
import { describe, inject, test } from "vitest";
import { bytesSerializer } from "./support/entries.js";
import { keyvs, type TestKeyv } from "./support/keyvs.js";

const capabilities: readonly StoreCapability[] = ["many", "walk", "admits", "close", "decodes", "copies"];
let namespaces = 0;

describe.each(keyvs)("%s over a Map", (_name, openKeyv) => {
  runStoreContract({ capabilities, open: ({ clock }) => ({ store: keyvStore(openKeyv(), { clock }) }) }, test);
});

describe.each(keyvs)("%s over a Map, with a binary serializer", (_name, openKeyv) => {
  runStoreContract(
    {
      capabilities,
      open: ({ clock }) => ({ store: keyvStore(openKeyv(), { clock, serializer: bytesSerializer }) }),
    },
    test,
  );
});

describe.each(keyvs)("%s over a Map, with a namespace that our keys begin with", (_name, openKeyv) => {
  runStoreContract(
    { capabilities, open: ({ clock }) => ({ store: keyvStore(openKeyv({ namespace: "granary" }), { clock }) }) },
    test,
  );
});

describe.each(keyvs)("%s over Redis", (_name, openKeyv) => {
  const open = () => openKeyv({ store: new KeyvRedis(inject("redisUrl")), namespace: freshNamespace() });
  runStoreContract({ capabilities, open: ({ clock }) => opened(open(), (keyv) => keyvStore(keyv, { clock })) }, test);
});

describe("Keyv 5 over Redis, where only the adapter writes the namespace", () => {
  const open = () =>
    new Keyv({ store: new KeyvRedis(inject("redisUrl")), namespace: freshNamespace(), useKeyPrefix: false });
  runStoreContract({ capabilities, open: ({ clock }) => opened(open(), (keyv) => keyvStore(keyv, { clock })) }, test);
});

function freshNamespace(): string {
  namespaces += 1;
  return `keyv-contract-${process.pid}-${namespaces}`;
}

function opened(keyv: TestKeyv, open: (keyv: TestKeyv) => CacheStore) {
  return { store: open(keyv), close: () => keyv.disconnect() };
}
