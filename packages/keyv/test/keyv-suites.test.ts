import { createCache } from "@granary/core";
import { toKeyv } from "@granary/keyv";
import { memoryStore } from "@granary/memory";
import keyvTestSuite, { keyvIteratorTests } from "@keyv/test-suite";
import { Keyv } from "keyv";
import { Keyv as Keyv6 } from "keyv-6";
import * as vitest from "vitest";

/** Keyv 6 answers for each key, its own stores too. */
const OTHERWISE_IN_6 = ".deleteMany([keys]) with nonexistent keys resolves to false";

/* The suite by which Keyv 5 judges its own adapters. Each test asks for several adapters, all over one cache. */
vitest.describe.each([
  ["Keyv 5", Keyv, vitest],
  ["Keyv 6", Keyv6 as unknown as typeof Keyv, { ...vitest, it: itExcept(OTHERWISE_IN_6) } as typeof vitest],
] as const)("FIELD 39: the suite of Keyv 5, with %s over a cache in memory", (_name, Class, runner) => {
  const cache = createCache<unknown>({ store: memoryStore({ maxEntries: 10_000 }) });
  vitest.afterAll(() => cache.close());

  keyvTestSuite(runner, Class, () => toKeyv(cache));
  keyvIteratorTests(runner, Class, () => toKeyv(cache));
});

function itExcept(left: string) {
  return (name: string, run: vitest.TestFunction) => {
    if (name !== left) vitest.it(name, run);
  };
}
