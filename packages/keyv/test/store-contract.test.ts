import type { Clock } from "@granary/core";
import { keyvStore } from "@granary/keyv";
import { type OpenedStore, runStoreContract, type StoreCapability } from "@granary/testkit";
import KeyvRedis from "@keyv/redis";
import { Keyv } from "keyv";
import { describe, inject, test } from "vitest";
import { bytesSerializer } from "./support/entries.js";
import { keyvs, type TestKeyv } from "./support/keyvs.js";

const capabilities: readonly StoreCapability[] = ["many", "walk", "admits", "close", "decodes", "copies"];
/** A database of its own: the adapter walks through all that are in one, also the keys of other tests. */
const redisUrl = `${inject("redisUrl")}/5`;
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
  const open = () => openKeyv({ store: new KeyvRedis(redisUrl), namespace: freshNamespace() });
  runStoreContract({ capabilities, open: ({ clock }) => opened(open(), clock) }, test);
});

describe("Keyv 5 over Redis, where only the adapter writes the namespace", () => {
  const open = () => new Keyv({ store: new KeyvRedis(redisUrl), namespace: freshNamespace(), useKeyPrefix: false });
  runStoreContract({ capabilities, open: ({ clock }) => opened(open(), clock) }, test);
});

function freshNamespace(): string {
  namespaces += 1;
  return `keyv-contract-${process.pid}-${namespaces}`;
}

function opened(keyv: TestKeyv, clock: Clock): OpenedStore {
  const close = async (): Promise<void> => {
    // Later walks would pass what is left here.
    await keyv.clear();
    await keyv.disconnect();
  };
  return { store: keyvStore(keyv, { clock }), close };
}
