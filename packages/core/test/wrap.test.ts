import { cached, createCache } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { describe, expect, expectTypeOf, it } from "vitest";
import { stillCache } from "./support/fixtures.js";

interface Query {
  readonly page: number;
  readonly tags?: readonly string[];
}

describe("a wrapped function", () => {
  it("keeps its arguments, its arity, its name and its this", async () => {
    const { cache } = stillCache<string>();
    const shop = {
      name: "shop",
      async title(this: { name: string }, id: number, query: Query): Promise<string> {
        return `${this.name} ${id} ${query.page}`;
      },
    };
    const title = cache.wrap(shop.title);
    expect(await title.call(shop, 1, { page: 2 })).toBe("shop 1 2");
    expect(title).toHaveLength(2);
    expect(title.name).toBe("title");
    expectTypeOf(title).parameters.toEqualTypeOf<[number, Query]>();
    expectTypeOf(title).returns.toEqualTypeOf<Promise<string>>();
  });

  it("runs once for the same arguments, in any order of their properties, and once for each others", async () => {
    const { cache } = stillCache<number>();
    let runs = 0;
    const search = cache.wrap(async function search(_text: string, _options?: object) {
      return ++runs;
    });
    expect(await search("a", { x: 1, y: 2 })).toBe(1);
    expect(await search("a", { y: 2, x: 1 })).toBe(1);
    const others = [["a"], ["a", {}], ["a", { x: 1 }], ["b"], ['a",'], ["a", { x: "1" }]] as const;
    const results = await Promise.all(others.map(([text, options]) => search(text, options)));
    expect(new Set(results).size).toBe(others.length);
    expect(runs).toBe(others.length + 1);
  });

  it("shares a flight and an entry with getOrSet where its id is a function", async () => {
    const { cache } = stillCache<string>();
    const user = cache.wrap(async (id: number) => `user ${id}`, { id: (id) => id, ttl: "1m" });
    expect(await user(1)).toBe("user 1");
    expect(await cache.get(1)).toBe("user 1");
    expect(await cache.ttl(1)).toBe(60_000);
  });

  it("refuses arguments that cannot be a key, and says what to do", async () => {
    const { cache } = stillCache<number>();
    const broken = cache.wrap(async function broken(_value: unknown) {
      return 1;
    });
    for (const argument of [() => 1, new Map(), Symbol("x"), new (class Money {})()]) {
      await expect(broken(argument)).rejects.toMatchObject({
        code: "INVALID_KEY",
        message: expect.stringContaining("give wrap() an id"),
      });
    }
  });

  it("needs a name of its own", () => {
    const { cache } = stillCache<number>();
    expect(() => cache.wrap(async () => 1)).toThrow(/needs an id/);
    const load = async (): Promise<number> => 1;
    cache.wrap(load);
    cache.wrap(load);
    const other = { load: async () => 2 };
    expect(() => cache.wrap(other.load)).toThrow(/Another function named "load"/);
    expect(() => cache.wrap(other.load, { id: "other" })).not.toThrow();
    expect(() => cache.wrap(5 as never)).toThrow(/takes a function/);
    expect(() => cache.wrap(load, { ttl: "soon" as never })).toThrow(/^ttl: /);
  });

  it("of a burst of callers costs one run", async () => {
    const { cache } = stillCache<number>();
    let runs = 0;
    const slow = cache.wrap(async function slow(_id: number) {
      return ++runs;
    });
    await Promise.all(Array.from({ length: 1_000 }, () => slow(1)));
    expect(runs).toBe(1);
  });
});

describe("a method under @cached", () => {
  const cache = createCache<number>({ store: memoryStore() });
  let runs = 0;

  class Prices {
    readonly factor = 10;

    @cached(cache, { ttl: "1m" })
    async price(id: number): Promise<number> {
      runs += 1;
      return id * this.factor;
    }
  }

  it("is cached, on its own instance", async () => {
    const prices = new Prices();
    expect(await prices.price(2)).toBe(20);
    expect(await prices.price(2)).toBe(20);
    expect(await prices.price(3)).toBe(30);
    expect(runs).toBe(2);
    expectTypeOf(prices.price).toEqualTypeOf<(id: number) => Promise<number>>();
  });
});
