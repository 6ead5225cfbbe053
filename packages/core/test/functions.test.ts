import { type Cache, cached, createCache, warmUp } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { describe, expect, it } from "vitest";

class User {}

/** Functions that give no result when they are called. */
const ODD: ReadonlyArray<readonly [name: string, odd: unknown]> = [
  ["a class", User],
  ["a class", Map],
  [
    "a generator function",
    function* ids() {
      yield 1;
    },
  ],
  [
    "a generator function",
    async function* rows() {
      yield 1;
    },
  ],
];

type Untyped = (cache: Cache<number>, odd: never) => unknown;

const TAKERS: Readonly<Record<string, Untyped>> = {
  wrap: (cache, odd) => cache.wrap(odd, { id: "odd" }),
  "the id of wrap": (cache, odd) => cache.wrap(async () => 1, { id: odd }),
  cached: (cache, odd) => cached(cache, { id: "odd" })(odd, undefined as never),
  getOrSet: (cache, odd) => cache.getOrSet("a", odd),
  getOrSetMany: (cache, odd) => cache.getOrSetMany(["a"], odd),
  warmUp: (cache, odd) => warmUp(cache, ["a"], { loadMany: odd }),
  on: (cache, odd) => cache.on("hit", odd),
};

describe("A class or a generator function in place of a function", () => {
  const table = Object.entries(TAKERS).flatMap(([taker, take]) =>
    ODD.map(([name, odd]) => ({ taker, name, take, odd })),
  );

  it.each(table)("is refused by $taker ($name)", async ({ name, take, odd }) => {
    const cache = createCache<number>({ store: memoryStore() });
    const call = async (): Promise<unknown> => take(cache, odd as never);
    const refused = { code: "INVALID_OPTION", message: expect.stringMatching(new RegExp(`, not ${name}\\.$`)) };
    await expect(call()).rejects.toMatchObject(refused);
  });

  it("and functions of every other kind are taken", async () => {
    const cache = createCache<number>({ store: memoryStore() });
    const methods = {
      plain: () => 1,
      async later() {
        return 1;
      },
    };
    function declared(): number {
      return 1;
    }
    const all = [
      declared,
      declared.bind(undefined),
      async () => 1,
      methods.plain,
      methods.later,
      new Proxy(declared, {}),
    ];
    for (const [at, loader] of all.entries()) {
      expect(await cache.getOrSet(at, loader)).toBe(1);
      expect(await cache.wrap(loader, { id: String(at) })()).toBe(1);
    }
  });
});
