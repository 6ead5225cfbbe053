import superjson, { SuperJSON } from "superjson";
import { describe, expect, test, vi } from "vitest";
import { createSuperjsonSerializer, superjsonSerializer } from "../src/index.js";

class User {
  constructor(
    readonly name: string,
    readonly born: Date,
  ) {}
}
class Money {
  constructor(readonly cents: number) {}
}
const KNOWN = Symbol("known");

function registered() {
  const instance = new SuperJSON();
  instance.registerClass(User);
  instance.registerSymbol(KNOWN, "known");
  return { instance, serializer: createSuperjsonSerializer({ instance }) };
}

function withMoney() {
  const { instance, serializer } = registered();
  const isApplicable = (value: unknown): value is Money => value instanceof Money;
  instance.registerCustom(
    { isApplicable, serialize: ({ cents }) => cents, deserialize: (n: number) => new Money(n) },
    "money",
  );
  return { instance, serializer };
}

const VALUES: ReadonlyArray<readonly [name: string, value: unknown]> = [
  ["plain data", { a: [1, "b", { c: null }] }],
  ["dates and the like", { at: new Date(0), set: new Set([1n, undefined]) }],
  ["an instance of a registered class", { user: new User("Ann", new Date(0)) }],
  ["such an instance in a map", new Map([["a", [new User("Ann", new Date(0))]]])],
  ["a registered symbol", { kind: KNOWN }],
];

describe("an instance of the user's own", () => {
  test.each(VALUES)("with classes and symbols: %s", (_, value) => {
    const { instance, serializer } = registered();
    expect(serializer.encode(value)).toBe(instance.stringify(value));
    expect(serializer.decode(serializer.encode(value))).toStrictEqual(value);
  });

  test.each([...VALUES, ["what a transformer claims", [new Money(1), { m: new Money(2) }]] as const])(
    "with a custom transformer: %s",
    (_, value) => {
      const { instance, serializer } = withMoney();
      expect(serializer.encode(value)).toBe(instance.stringify(value));
      expect(serializer.decode(serializer.encode(value))).toStrictEqual(value);
    },
  );

  test("with a transformer that claims plain data", () => {
    const instance = new SuperJSON();
    const isApplicable = (value: unknown): value is string => value === "secret";
    instance.registerCustom({ isApplicable, serialize: () => "***", deserialize: () => "secret" }, "secret");
    const serializer = createSuperjsonSerializer({ instance });
    expect(serializer.encode({ a: "secret", b: "open" })).toBe(instance.stringify({ a: "secret", b: "open" }));
    expect(serializer.decode(serializer.encode(["secret"]))).toEqual(["secret"]);
  });

  test("with a class registered over plain data or a date", () => {
    for (const [one, value] of [
      [Object, { a: 1 }],
      [Array, [1]],
      [Map, new Map()],
    ] as const) {
      const instance = new SuperJSON();
      instance.registerClass(one, "odd");
      expect(createSuperjsonSerializer({ instance }).encode(value)).toBe(instance.stringify(value));
    }
  });

  test("with allowed properties of a class and of errors", () => {
    const instance = new SuperJSON();
    instance.registerClass(User, { allowProps: ["name"] });
    instance.allowErrorProps("code");
    const serializer = createSuperjsonSerializer({ instance });
    const value = [new User("Ann", new Date(0)), Object.assign(new Error("no"), { code: 7 })];
    expect(serializer.encode(value)).toBe(instance.stringify(value));
    expect(serializer.decode(serializer.encode(value))).toMatchObject([{ name: "Ann" }, { message: "no", code: 7 }]);
  });

  test("that leaves repeated objects out", () => {
    const instance = new SuperJSON({ dedupe: true });
    const serializer = createSuperjsonSerializer({ instance });
    const shared = { a: [1n] };
    for (const value of [[shared, shared], { x: 1n, y: [1n] }, { a: new Date(0) }, [1, { b: 2 }]]) {
      expect(serializer.encode(value)).toBe(instance.stringify(value));
      expect(serializer.decode(serializer.encode(value))).toEqual(value);
    }
  });

  test("refuses what is not registered on it, and what is within a registered class", () => {
    const { serializer } = registered();
    expect(() => serializer.encode([new Money(1)])).toThrow("value[0] is an instance of Money");
    expect(() => serializer.encode(new User("Ann", new Money(1) as never))).toThrow(
      "value.born is an instance of Money",
    );
    class Admin extends User {}
    expect(() => serializer.encode(new Admin("Ann", new Date(0)))).toThrow("value is an instance of Admin");
  });

  test("is refused at once where it is none", () => {
    for (const instance of [undefined, {}, () => 1, "superjson"])
      expect(() => createSuperjsonSerializer({ instance: instance as never })).toThrow("instance: takes a SuperJSON");
  });

  test("may be given its classes later", () => {
    const instance = new SuperJSON();
    const serializer = createSuperjsonSerializer({ instance });
    expect(() => serializer.encode(new Money(1))).toThrow("an instance of Money");
    instance.registerClass(Money);
    expect(serializer.decode(serializer.encode(new Money(1)))).toStrictEqual(new Money(1));
  });
});

test("classes registered on superjson itself are known to the ready serializer", () => {
  class Local {
    readonly a = 1;
  }
  superjson.registerClass(Local);
  expect(superjsonSerializer.decode(superjsonSerializer.encode(new Local()))).toStrictEqual(new Local());
});

test("dates from before and after a test's clock was put in are written", () => {
  const before = new Date(5);
  vi.useFakeTimers();
  const during = new Date();
  for (const date of [before, during]) expect(superjsonSerializer.encode({ date })).toBe(superjson.stringify({ date }));
  vi.useRealTimers();
  for (const date of [before, during]) expect(superjsonSerializer.encode({ date })).toBe(superjson.stringify({ date }));
});
