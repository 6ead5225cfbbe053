import {
  type AnyCache,
  type Cache,
  cached,
  createCache,
  type LoadContext,
  type Params,
  type StandardSchema,
  type UntypedCache,
  warmUp,
} from "@granary/core";
import { memoryStore } from "@granary/memory";
import { describe, expect, expectTypeOf, it } from "vitest";

interface User {
  readonly id: number;
  readonly name: string;
}

const ada: User = { id: 1, name: "Ada" };
const openUsers = () => createCache<User>({ store: memoryStore() });
const openUntyped = () => createCache({ store: memoryStore() });

describe("a cache of which nobody has said what it holds", () => {
  it("gives what its loader gives", async () => {
    const cache = openUntyped();
    expectTypeOf(cache).toEqualTypeOf<UntypedCache>();
    const user = await cache.getOrSet("a", async () => ada);
    expectTypeOf(user).toEqualTypeOf<User>();
    expectTypeOf(await cache.getOrSet("b", ({ signal }) => [signal.aborted])).toEqualTypeOf<boolean[]>();
    expectTypeOf(await cache.getOrSet("c", async ({ id }) => ({ id }))).toEqualTypeOf<{ id: string | number }>();
    expectTypeOf(await cache.getOrSet<User>("a", () => ada)).toEqualTypeOf<User>();
    const many = await cache.getOrSetMany(["a", "b"], async (ids) => ids.map((id) => ({ id })));
    expectTypeOf(many).toEqualTypeOf<Map<"a" | "b", { id: "a" | "b" }>>();
    expectTypeOf(cache.wrap(async (id: number) => ({ id }), { id: "w" })).toEqualTypeOf<
      (this: unknown, id: number) => Promise<{ id: number }>
    >();
    expect(user).toEqual(ada);
  });

  it("gives what the call names, and nothing known otherwise", async () => {
    const cache = openUntyped();
    expectTypeOf(await cache.get("a")).toEqualTypeOf<unknown>();
    expectTypeOf(await cache.get<User>("a")).toEqualTypeOf<User | undefined>();
    expectTypeOf((await cache.entry<User>("a"))?.value).toEqualTypeOf<User | undefined>();
    expect(await cache.get("a")).toBeUndefined();
  });

  it("fits where a cache of some type is asked for, and has typed children", () => {
    const users: Cache<User> = openUntyped();
    const open = (): Cache<User> => createCache({ store: memoryStore() });
    expectTypeOf(openUntyped().namespace("a")).toEqualTypeOf<UntypedCache>();
    expectTypeOf(openUntyped().namespace<User>("a")).toEqualTypeOf<Cache<User>>();
    expect([users, open()]).toHaveLength(2);
  });

  it("leaves a decorated method its type", async () => {
    const cache = openUntyped();
    class Shop {
      @cached(cache, { id: "price" })
      async price(id: number): Promise<{ price: number }> {
        return { price: id };
      }
    }
    expectTypeOf(new Shop().price).toEqualTypeOf<(id: number) => Promise<{ price: number }>>();
    expect(await new Shop().price(2)).toEqual({ price: 2 });
  });
});

describe("a cache with a type", () => {
  it("gives that type, whatever its loader gives of it", async () => {
    const numbers = createCache<number>({ store: memoryStore() });
    expectTypeOf(await numbers.getOrSet("a", () => 1)).toEqualTypeOf<number>();
    expectTypeOf(await openUsers().getOrSet("a", () => ({ ...ada, more: true }))).toEqualTypeOf<User>();
    expect(await numbers.getOrSet("a", async () => 2)).toBe(1);
  });

  it("refuses a loader and a value of another type", async () => {
    const cache = openUsers();
    // @ts-expect-error -- no name
    await cache.getOrSet("a", async () => ({ id: 1 }));
    // @ts-expect-error -- no name
    await cache.getOrSetMany(["a"], async (ids) => ids.map(() => ({ id: 1 })));
    // @ts-expect-error -- no name
    await cache.set("a", { id: 1 });
    // @ts-expect-error -- no name
    await cache.setMany([["a", { id: 1 }]]);
    // @ts-expect-error -- no name
    cache.wrap(async () => ({ id: 1 }), { id: "one" });
    expect(await cache.getOrSet("b", async () => ada)).toEqual(ada);
  });

  it("is one for code that knows nothing of its type", async () => {
    const load = async <T>(cache: Cache<T>, loader: () => Promise<T>): Promise<T> => cache.getOrSet("a", loader);
    const count = (cache: Cache<unknown>): number => cache.stats().gets;
    const names = (cache: AnyCache): readonly string[] => cache.namespaces();
    const cache = openUsers();
    expectTypeOf(await load(cache, async () => ada)).toEqualTypeOf<User>();
    expect([count(cache), count(openUntyped()), names(cache), names(openUntyped())]).toEqual([1, 0, [], []]);
  });

  it("has children of its own type, and of another where that is said", () => {
    const cache = openUsers();
    expectTypeOf(cache.namespace("a")).toEqualTypeOf<Cache<User>>();
    expectTypeOf(cache.namespace("a", { ttl: "1m" })).toEqualTypeOf<Cache<User>>();
    expectTypeOf(cache.namespace<number>("b")).toEqualTypeOf<Cache<number>>();
    expect(cache.namespaces()).toEqual(["a", "b"]);
  });
});

describe("ids keep their type", () => {
  it("in getMany, getOrSetMany and warmUp", async () => {
    const cache = openUsers();
    const [texts, numbers, either]: [string[], number[], (string | number)[]] = [["1"], [1], [1, "2"]];
    expectTypeOf(await cache.getMany(texts)).toEqualTypeOf<Map<string, User>>();
    expectTypeOf(await cache.getMany(new Set(numbers))).toEqualTypeOf<Map<number, User>>();
    expectTypeOf(await cache.getMany(either)).toEqualTypeOf<Map<string | number, User>>();
    const loaded = await cache.getOrSetMany(numbers, async (ids) => {
      expectTypeOf(ids).toEqualTypeOf<readonly number[]>();
      return new Map(ids.map((id) => [id, { ...ada, id }]));
    });
    expectTypeOf(loaded).toEqualTypeOf<Map<number, User>>();
    const byName: Map<string, User> = await cache.getOrSetMany(["1", "2"], (ids) => ids.map(() => ada));
    await warmUp(cache, numbers, {
      loadMany: (ids) => {
        expectTypeOf(ids).toEqualTypeOf<readonly number[]>();
        return ids.map(() => ada);
      },
    });
    // What a driver gives under ids of another type is taken too.
    await cache.getOrSetMany(numbers, async () => new Map([["1", ada]]));
    expect([...byName.keys(), ...loaded.keys()]).toEqual(["1", "2", 1]);
  });
});

describe("a schema that takes more than it gives", () => {
  interface Draft {
    readonly name: string;
    readonly role?: string;
  }
  interface Member {
    readonly name: string;
    readonly role: string;
  }
  const schema: StandardSchema<Draft, Member> = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) => ({ value: { role: "guest", ...(value as Draft) } }),
    },
  };

  it("says what is written and what is read", async () => {
    const cache = createCache({ store: memoryStore(), schema });
    expectTypeOf(cache).toEqualTypeOf<Cache<Member, Draft>>();
    await cache.set("a", { name: "Ada" });
    await cache.setMany([["b", { name: "Bob", role: "admin" }]]);
    const member = await cache.getOrSet("c", async () => ({ name: "Cy" }));
    expectTypeOf(member).toEqualTypeOf<Member>();
    const many = await cache.getOrSetMany(["a", "d"], (ids) => ids.map((name) => ({ name })));
    expectTypeOf(many.get("a")).toEqualTypeOf<Member | undefined>();
    const wrapped = cache.wrap(async (name: string) => ({ name }), { id: "member" });
    expectTypeOf(await wrapped("Eve")).toEqualTypeOf<Member>();
    await cache.getOrSet("a", async ({ previous, notModified }: LoadContext<Member, Draft>) =>
      previous === undefined ? { name: "Ada" } : notModified(),
    );
    // @ts-expect-error -- no name
    await expect(cache.set("a", { role: "guest" })).resolves.toBe(true);
    expect([member, many.get("d"), await wrapped("Eve")]).toEqual(
      ["Cy", "d", "Eve"].map((name) => ({ name, role: "guest" })),
    );
  });

  it("is for a child alone, and one that names only what is read is taken too", async () => {
    expectTypeOf(openUntyped().namespace("a", { schema })).toEqualTypeOf<Cache<Member, Draft>>();
    expectTypeOf(openUsers().namespace("a", { schema })).toEqualTypeOf<Cache<Member, Draft>>();
    const cache = createCache<Member>({ store: memoryStore(), schema });
    expectTypeOf(cache).toEqualTypeOf<Cache<Member>>();
    const parent = createCache({ store: memoryStore(), schema });
    expectTypeOf(parent.namespace("a")).toEqualTypeOf<Cache<Member, Draft>>();
    await parent.namespace("a").set("a", { name: "Ada" });
    expect(await parent.namespace("a").get("a")).toEqual({ name: "Ada", role: "guest" });
  });
});

describe("what keys() and entries() give", () => {
  it("goes into get and delete as it is", async () => {
    const cache = openUsers();
    await cache.set("a", ada, { params: { page: 1 } });
    for await (const { id, params, key } of cache.keys()) {
      expectTypeOf(id).toEqualTypeOf<string>();
      expectTypeOf(params).toEqualTypeOf<Params>();
      expectTypeOf(key).toEqualTypeOf<string>();
      expect(await cache.get(id, { params })).toEqual(ada);
    }
    for await (const { id, params, entry } of cache.entries()) {
      expectTypeOf(entry.value).toEqualTypeOf<User>();
      expect(await cache.delete(id, { params })).toBe(true);
    }
    expect(await cache.get("a", { params: { page: 1 } })).toBeUndefined();
  });
});

describe("tags", () => {
  it("are given one by one or in a list", async () => {
    const cache = openUsers();
    const tags: readonly string[] = ["a", "b"];
    await cache.invalidateTags("a");
    await cache.invalidateTags(...tags);
    expect(await cache.invalidateTags(tags)).toBe(true);
    // @ts-expect-error -- a list or texts, not both
    await expect(cache.invalidateTags(["a"], "b")).rejects.toThrow("one list");
  });
});
