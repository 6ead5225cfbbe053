import { createCache } from "@granary/core";
import { toKeyv } from "@granary/keyv";
import { memoryStore } from "@granary/memory";
import keyvTestSuite, { keyvIteratorTests } from "@keyv/test-suite";
import { Keyv } from "keyv";
import * as vitest from "vitest";

/* The suite by which Keyv 5 judges its own adapters. Each test asks for several adapters, all over one cache. */
vitest.describe("FIELD 39: the suite of Keyv 5, over a cache in memory", () => {
  const cache = createCache<unknown>({ store: memoryStore({ maxEntries: 10_000 }) });
  vitest.afterAll(() => cache.close());

  keyvTestSuite(vitest, Keyv, () => toKeyv(cache));
  keyvIteratorTests(vitest, Keyv, () => toKeyv(cache));
});
