import { type Awaitable, isBytes, type Serializer } from "@granary/core";
import { check, checkEqual } from "./check.js";
import { type ContractCase, type ContractSubject, registerContract, type TestFunction } from "./contract.js";
import { isEqual } from "./equal.js";
import { valueTable } from "./value-table.js";

/** One thing that must hold of every serializer. */
export type SerializerCase = ContractCase<Serializer>;

/** A serializer that is put to the test. */
export interface SerializerSubject extends ContractSubject<never> {
  /** Makes the serializer; called once a case. */
  open(): Awaitable<Serializer>;
}

class Unregistered {
  readonly secret = 1;
}

/** Values that need not be carried, and must not be bent in silence. */
const UNCARRIED: ReadonlyArray<readonly [name: string, make: () => unknown]> = [
  ["a function", () => () => 1],
  ["a function inside an object", () => ({ run: () => 1 })],
  ["a symbol", () => Symbol("s")],
  ["an instance of a class", () => new Unregistered()],
  ["a weak map inside an array", () => [new WeakMap()]],
];

/** All that must hold of a serializer, as data. */
export const serializerContract: readonly SerializerCase[] = [
  ...valueTable.map(
    ({ name, make }): SerializerCase => ({
      name: `what was encoded decodes to the same: ${name}`,
      async run({ encode, decode }) {
        checkEqual(decode(encode(make())), make(), "the decoded value");
      },
    }),
  ),
  {
    name: "it encodes to text or to bytes",
    async run({ encode }) {
      const data: unknown = encode({ a: 1 });
      check(typeof data === "string" || isBytes(data), "It encodes neither to text nor to bytes.");
    },
  },
  {
    name: "encode leaves the value as it was",
    async run({ encode }) {
      for (const { name, make } of valueTable) {
        const value = make();
        encode(value);
        checkEqual(value, make(), `${name}, after it was encoded`);
      }
    },
  },
  {
    name: "two decodes of one text share nothing",
    async run({ encode, decode }) {
      const data = encode({ list: [{ n: 1 }] });
      const first = decode(data) as { list: unknown[] };
      first.list.push(2);
      checkEqual(decode(data), { list: [{ n: 1 }] }, "the second decoded value");
    },
  },
  {
    name: "what it encodes twice is the same both times",
    async run({ encode }) {
      for (const { name, make } of valueTable) {
        // One value: two errors differ in their stacks.
        const value = make();
        checkEqual(encode(value), encode(value), `the bytes of ${name}`);
      }
    },
  },
  {
    name: "a property named __proto__ never changes a prototype",
    async run(serializer) {
      const outcome = roundTrip(serializer, JSON.parse('{"__proto__":{"polluted":true}}') as unknown);
      checkEqual(Reflect.get({}, "polluted"), undefined, "`polluted` of any object");
      if (!("decoded" in outcome)) return;
      checkEqual(
        Reflect.get(Object(outcome.decoded) as object, "polluted"),
        undefined,
        "`polluted` of the decoded one",
      );
    },
  },
  ...UNCARRIED.map(
    ([name, make]): SerializerCase => ({
      name: `a value is carried or refused, never bent in silence: ${name}`,
      async run(serializer) {
        const value = make();
        const outcome = roundTrip(serializer, value);
        check("refused" in outcome || isEqual(outcome.decoded, value), `${name} came back as something else.`);
      },
    }),
  ),
];

/** Registers the contract of a serializer with a test runner, a test a case. */
export function runSerializerContract(subject: SerializerSubject, test: TestFunction): void {
  const withOpened = async (use: (serializer: Serializer) => Promise<void>) => {
    const serializer = await subject.open();
    await use({ encode: (value) => serializer.encode(value), decode: (data) => serializer.decode(data) });
  };
  registerContract({ cases: serializerContract, subject, withOpened, has: () => false }, test);
}

type Outcome = { readonly refused: unknown } | { readonly decoded: unknown };

function roundTrip({ encode, decode }: Serializer, value: unknown): Outcome {
  return attempt(() => decode(encode(value)));
}

function attempt(run: () => unknown): Outcome {
  try {
    return { decoded: run() };
  } catch (refused) {
    return { refused };
  }
}
