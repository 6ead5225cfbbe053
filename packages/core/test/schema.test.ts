import { type Admit, type CacheEntry, type CacheStore, createCache, type StandardSchema } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { manualClock } from "@granary/testkit";
import { describe, expect, it, vi } from "vitest";

interface User {
  readonly name: string;
}

/** Trims what it lets through, so that a test can tell an output from an input. */
const User: StandardSchema<User> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) => {
      const name = (value as { name?: unknown } | null)?.name;
      if (typeof name === "string") return { value: { name: name.trim() } };
      return { issues: [{ message: "must be text", path: ["name"] }] };
    },
  },
};

const slow: StandardSchema<User> = {
  "~standard": { ...User["~standard"], validate: async (value) => User["~standard"].validate(value) },
};

/** A store that keeps JSON, as a remote one would, with or without the capability to pass on what it decoded. */
function jsonStore(admits: boolean): CacheStore & { readonly map: Map<string, string> } {
  const map = new Map<string, string>();
  const read = (key: string): CacheEntry | undefined => JSON.parse(map.get(key) ?? "null") ?? undefined;
  return {
    name: "json",
    map,
    ...(admits && { admits }),
    get: async (key: string, _now?: number, admit?: Admit) => {
      const found = read(key);
      return admits && found !== undefined && admit !== undefined ? admit(key, found) : found;
    },
    set: async (key, entry) => void map.set(key, JSON.stringify(entry)),
    delete: async (key) => map.delete(key),
  };
}

describe.each([
  ["at once", User],
  ["later", slow],
] as const)("a schema that answers %s", (_, schema) => {
  it("lets its output through, to the caller and to the store", async () => {
    const cache = createCache<User>({ store: memoryStore(), schema });
    expect(await cache.getOrSet("a", () => ({ name: " Ada " }))).toEqual({ name: "Ada" });
    expect(await cache.get("a")).toEqual({ name: "Ada" });
    await cache.set("b", { name: "Bo " });
    expect(await cache.get("b")).toEqual({ name: "Bo" });
  });

  it("rejects a loaded value that does not fit, and does not store it", async () => {
    const cache = createCache<User>({ store: memoryStore(), schema });
    const wrong = cache.getOrSet("a", () => ({ name: 5 }) as never);
    await expect(wrong).rejects.toMatchObject({
      code: "INVALID_VALUE",
      message: expect.stringContaining("name: must be text"),
    });
    expect(await cache.has("a")).toBe(false);
    await cache.set("b", { name: "Bo" });
    await expect(cache.set("b", {} as never)).rejects.toMatchObject({ code: "INVALID_VALUE" });
    expect(await cache.get("b")).toEqual({ name: "Bo" });
  });

  it.each([true, false])(
    "turns a stored value that does not fit any more into a miss and an event (admits: %s)",
    async (admits) => {
      const store = jsonStore(admits);
      const old = createCache<unknown>({ store });
      await old.set("a", { fullName: "Ada" });
      const cache = createCache<User>({ store, schema });
      const errors = vi.fn();
      cache.on("error", errors);
      expect(await cache.get("a")).toBeUndefined();
      expect(errors).toHaveBeenCalledTimes(1);
      expect(errors.mock.calls[0]?.[0]).toMatchObject({
        operation: "validate",
        key: "granary:v1:default:a",
        error: { code: "INVALID_VALUE" },
      });
      expect(await cache.getOrSet("a", () => ({ name: "Ada" }))).toEqual({ name: "Ada" });
      expect(await cache.get("a")).toEqual({ name: "Ada" });
    },
  );
});

describe("a schema", () => {
  it("is not asked on a hit in memory", async () => {
    const validate = vi.fn(User["~standard"].validate);
    const cache = createCache<User>({
      store: memoryStore(),
      schema: { "~standard": { ...User["~standard"], validate } },
    });
    await cache.getOrSet("a", () => ({ name: "Ada" }));
    await cache.getOrSet("a", () => ({ name: "Ada" }));
    await cache.get("a");
    expect(validate).toHaveBeenCalledTimes(1);
  });

  it("is not asked about an absent result that negative caching keeps", async () => {
    const cache = createCache<User | null>({ store: jsonStore(true), schema: User, negativeTtl: "1m" });
    let loads = 0;
    const load = (): null => {
      loads += 1;
      return null;
    };
    expect(await cache.getOrSet("a", load)).toBe(null);
    expect(await cache.getOrSet("a", load)).toBe(null);
    expect(loads).toBe(1);
  });

  it("of a parent holds for a child unless it brings its own", async () => {
    const cache = createCache<User>({ store: memoryStore(), schema: User });
    await expect(cache.namespace("child").set("a", {} as never)).rejects.toMatchObject({ code: "INVALID_VALUE" });
    const numbers: StandardSchema<number> = {
      "~standard": { version: 1, vendor: "test", validate: (value) => ({ value: Number(value) }) },
    };
    const child = cache.namespace("numbers", { schema: numbers });
    expect(await child.set("a", 5)).toBe(true);
  });

  it.each([
    ["nothing", undefined],
    ["null", null],
    ["true", true],
    ["neither a value nor issues", {}],
    ["issues that are no list", { issues: "wrong" }],
  ])("that answers %s is told what to answer", async (_what, answer) => {
    const schema: StandardSchema<User> = {
      "~standard": { version: 1, vendor: "test", validate: () => answer as never },
    };
    const cache = createCache({ store: memoryStore(), schema });
    const refusal = { code: "INVALID_VALUE", message: expect.stringContaining("gives { value } or { issues") };
    await expect(cache.set("a", { name: "Ada" })).rejects.toMatchObject(refusal);
    await expect(cache.getOrSet("a", () => ({ name: "Ada" }))).rejects.toMatchObject(refusal);
  });

  it.each([
    ["without a reason", [], "it gives no reason"],
    ["with text alone", ["too long"], "too long"],
  ])("that refuses %s is still told apart from a failure", async (_how, issues, said) => {
    const schema: StandardSchema<User> = {
      "~standard": { version: 1, vendor: "test", validate: () => ({ issues: issues as never }) },
    };
    const refused = createCache({ store: memoryStore(), schema }).set("a", { name: "Ada" });
    await expect(refused).rejects.toMatchObject({ code: "INVALID_VALUE", message: expect.stringContaining(said) });
  });

  it("must be one", () => {
    expect(() => createCache({ store: memoryStore(), schema: (() => true) as never })).toThrow(
      /^schema: takes a Standard Schema/,
    );
  });
});

describe("a validator that fails", () => {
  const schemaOf = (validate: (value: unknown) => unknown): StandardSchema<User> => ({
    "~standard": { version: 1, vendor: "test", validate: validate as StandardSchema<User>["~standard"]["validate"] },
  });
  const bug = new TypeError("x is not a function");
  const broken = (): never => {
    throw bug;
  };
  const FAILING: ReadonlyArray<readonly [how: string, validate: (value: unknown) => unknown, cause: unknown]> = [
    ["throws", broken, bug],
    ["rejects", async () => broken(), bug],
    // oxlint-disable-next-line unicorn/no-thenable -- it is what a stranger may give
    ["gives a promise that throws", () => ({ then: broken }), bug],
    ["gives issues that cannot be read", () => ({ issues: [{ message: "m", path: [null] }] }), expect.any(TypeError)],
    ["gives the value itself", (value) => value, undefined],
    ["gives nothing, later", async () => undefined, undefined],
  ];

  it.each(FAILING)("as it %s has refused the value", async (_how, validate, cause) => {
    const store = jsonStore(false);
    const cache = createCache<User>({ store, schema: schemaOf(validate) });
    const errors: unknown[] = [];
    cache.on("error", ({ operation, error }) => errors.push([operation, error]));
    const refused = expect.objectContaining({ code: "INVALID_VALUE", ...(cause !== undefined && { cause }) });
    const calls = [
      () => cache.set("a", { name: "Ada" }),
      () =>
        cache.setMany([
          ["a", { name: "Ada" }],
          ["b", { name: "Bo" }],
        ]),
      () => cache.getOrSet("a", () => ({ name: "Ada" })),
    ];
    for (const call of calls) await expect(call()).rejects.toEqual(refused);
    const values = [...store.map.keys()].filter((key) => !key.includes("{"));
    expect([values, errors]).toEqual([[], []]);
    await createCache<User>({ store }).set("a", { name: "Ada" });
    expect(await cache.get("a")).toBeUndefined();
    expect(errors).toEqual([["validate", refused]]);
  });

  it("as it never answers is waited for no longer than hardTimeout", async () => {
    const clock = manualClock();
    const store = { ...jsonStore(false), clock };
    const cache = createCache<User>({ store, schema: schemaOf(() => new Promise(() => {})), hardTimeout: "1s" });
    const errors: unknown[] = [];
    cache.on("error", ({ operation, error }) => errors.push([operation, error]));
    await createCache<User>({ store }).set("a", { name: "Ada" });
    const late = expect.objectContaining({ code: "LOAD_TIMEOUT" });
    const ended = Promise.allSettled([
      cache.set("b", { name: "Bo" }),
      cache.set("b", { name: "Bo" }, { hardTimeout: "900ms" }),
      cache.setMany([["b", { name: "Bo" }]]),
      cache.getOrSet("b", () => ({ name: "Bo" })),
      cache.get("a"),
    ]);
    await clock.advance(999);
    expect(errors).toEqual([]);
    await clock.advance(1);
    const [rejected, found] = [
      { status: "rejected", reason: late },
      { status: "fulfilled", value: undefined },
    ];
    expect(await ended).toEqual([rejected, rejected, rejected, rejected, found]);
    expect(errors).toContainEqual(["validate", late]);
    expect(clock.pending).toBe(0);
  });
});
