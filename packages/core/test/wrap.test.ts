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
    const title = cache.wrap(shop.title, { id: "title" });
    expect(await title.call(shop, 1, { page: 2 })).toBe("shop 1 2");
    expect(title).toHaveLength(2);
    expect(title.name).toBe("title");
    expectTypeOf(title).parameters.toEqualTypeOf<[number, Query]>();
    expectTypeOf(title).returns.toEqualTypeOf<Promise<string>>();
  });

  it("runs once for the same arguments, in any order of their properties, and once for each others", async () => {
    const { cache } = stillCache<number>();
    let runs = 0;
    const search = cache.wrap(async (_text: string, _options?: object) => ++runs, { id: "search" });
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
    const broken = cache.wrap(async (_value: unknown) => 1, { id: "broken" });
    for (const argument of [() => 1, new Map(), Symbol("x"), new (class Money {})()]) {
      await expect(broken(argument)).rejects.toMatchObject({
        code: "INVALID_KEY",
        message: expect.stringContaining("give wrap() an id"),
      });
    }
  });

  it("FIELD 19: needs an id, since the name of a function is another one in the next bundle", () => {
    const { cache } = stillCache<number>();
    async function customerOf(): Promise<number> {
      return 1;
    }
    const wrap = cache.wrap.bind(cache) as unknown as (...given: unknown[]) => unknown;
    const asDecorator = cached as unknown as (...given: unknown[]) => (...given: unknown[]) => unknown;
    for (const options of [undefined, {}, { ttl: "1d" }, { id: undefined }, { id: "" }, { id: 5 }, { id: null }]) {
      expect(() => wrap(customerOf, options)).toThrow(/^id: write text that names the function/);
      expect(() => asDecorator(cache, options)(customerOf)).toThrow(/^id: write text that names the function/);
    }
    expect(() => wrap(async () => 1)).toThrow(/^id: /);
    expect(() => wrap(5, { id: "five" })).toThrow(/takes a function/);
    expect(() => wrap(customerOf, { id: "customer", ttl: "soon" })).toThrow(/^ttl: /);
    expect(() => asDecorator({}, { id: "a" })(customerOf)).toThrow(/takes a cache/);
  });

  it("FIELD 19: of two releases, in which a bundler gives one name to two functions, keeps to its own entries", async () => {
    const store = memoryStore();
    const bundles = [
      "export const a = async (id) => `customer ${id}`;",
      "export const a = async (id) => `invoice ${id}`;",
    ];
    const results: string[] = [];
    for (const [at, id] of ["customer", "invoice"].entries()) {
      const { a } = (await import(`data:text/javascript,${encodeURIComponent(bundles[at] as string)}`)) as {
        a: (id: number) => Promise<string>;
      };
      expect(a.name).toBe("a");
      results.push(await createCache<string>({ store }).wrap(a, { id })(41));
    }
    expect(results).toEqual(["customer 41", "invoice 41"]);
  });

  it("refuses a second function under one id, in this namespace and not in others", () => {
    const { cache } = stillCache<number>();
    const load = async (): Promise<number> => 1;
    const other = { load: async () => 2 };
    cache.wrap(load, { id: "load" });
    cache.wrap(load, { id: "load" });
    expect(() => cache.wrap(other.load, { id: "load" })).toThrow('another function is wrapped as "load" here');
    expect(() => cached(cache, { id: "load" })(other.load, {} as never)).toThrow("another function");
    expect(() => cache.wrap(other.load, { id: "other" })).not.toThrow();
    const child = cache.namespace("child");
    child.wrap(other.load, { id: "load" });
    expect(() => cache.namespace("child").wrap(load, { id: "load" })).toThrow("another function");
  });

  it("takes a closure that is made anew for the same function", async () => {
    const { cache } = stillCache<string>();
    const ofRequest = () => cache.wrap(async (id: number) => `user ${id}`, { id: "user" });
    expect(await ofRequest()(1)).toBe("user 1");
    expect(await ofRequest()(1)).toBe("user 1");
  });

  it("of a burst of callers costs one run", async () => {
    const { cache } = stillCache<number>();
    let runs = 0;
    const slow = cache.wrap(async (_id: number) => ++runs, { id: "slow" });
    await Promise.all(Array.from({ length: 1_000 }, () => slow(1)));
    expect(runs).toBe(1);
  });
});

describe("a method under @cached", () => {
  const cache = createCache<number>({ store: memoryStore() });
  let runs = 0;

  class Prices {
    readonly factor = 10;

    @cached(cache, { id: "price", ttl: "1m" })
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
