import { memoryStore, type ValueMode } from "@granary/memory";
import { runStoreContract, type StoreCapability } from "@granary/testkit";
import { describe, test } from "vitest";

const CAPABILITIES: Readonly<Record<ValueMode, readonly StoreCapability[]>> = {
  shared: ["many", "walk", "admits", "close", "invalidate", "handles"],
  frozen: ["many", "walk", "admits", "close", "invalidate", "handles", "copies"],
  cloned: ["many", "walk", "admits", "close", "invalidate", "copies"],
  serialized: ["many", "walk", "admits", "close", "invalidate", "copies", "decodes"],
};

describe.each(Object.entries(CAPABILITIES))(
  "a memory store with values %j holds the contract",
  (mode, capabilities) => {
    const values = mode as ValueMode;
    runStoreContract({ capabilities, open: ({ clock }) => ({ store: memoryStore({ clock, values }) }) }, test);
  },
);

describe("a memory store bounded by bytes holds the contract", () => {
  const maxBytes = 64 * 1_024 * 1_024;
  const capabilities = CAPABILITIES.shared;
  runStoreContract({ capabilities, open: ({ clock }) => ({ store: memoryStore({ clock, maxBytes }) }) }, test);
});

describe("a memory store on the machine's clock holds the contract", () => {
  runStoreContract({ capabilities: CAPABILITIES.shared, open: () => ({ store: memoryStore() }) }, test);
});
