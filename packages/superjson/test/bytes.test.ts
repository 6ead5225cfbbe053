import { runInNewContext } from "node:vm";
import superjson, { SuperJSON } from "superjson";
import { SuperJSON as OlderSuperJSON } from "superjson-2-2-6";
import { describe, expect, test } from "vitest";
import { createSuperjsonSerializer, superjsonSerializer as serializer } from "../src/index.js";

const BYTES = Uint8Array.of(0, 10, 127, 128, 255);

const ROWS: ReadonlyArray<readonly [name: string, value: object]> = [
  ["an Int8Array", Int8Array.of(-128, 127)],
  ["a Uint8Array", BYTES],
  ["a Uint8ClampedArray", Uint8ClampedArray.of(255)],
  ["an Int16Array", Int16Array.of(-1)],
  ["a Uint16Array", Uint16Array.of(65_535)],
  ["an Int32Array", Int32Array.of(-1)],
  ["a Uint32Array", Uint32Array.of(2 ** 32 - 1)],
  ["a Float32Array", Float32Array.of(0.5, -0, Number.NaN, Number.POSITIVE_INFINITY)],
  ["a Float64Array", Float64Array.of(0.1, -0, Number.NaN, Number.NEGATIVE_INFINITY)],
  ["a BigInt64Array", BigInt64Array.of(-(2n ** 63n), 1n)],
  ["a BigUint64Array", BigUint64Array.of(2n ** 64n - 1n)],
  ["an empty one", new Float64Array()],
  ["a view on a part of a buffer", new Uint8Array(BYTES.buffer, 1, 2)],
  ["a Buffer", Buffer.from(BYTES)],
  ["an empty Buffer", Buffer.alloc(0)],
  ["an ArrayBuffer", BYTES.buffer],
  ["a DataView", new DataView(BYTES.buffer, 1, 3)],
];

describe("FIELD 31, C32: bytes survive", () => {
  test.each(ROWS)("%s", (_, value) => {
    for (const held of [value, { deep: [new Map([["k", value]])] }, new Set([value])])
      expect(serializer.decode(serializer.encode(held))).toStrictEqual(held);
  });

  test.each(ROWS)("%s in a value that superjson itself has to write, since something occurs twice", (_, value) => {
    const shared = [value];
    const held = { left: shared, right: shared, list: [value] };
    const read = serializer.decode(serializer.encode(held)) as typeof held;
    expect(read).toStrictEqual(held);
    expect(read.right).toBe(read.left);
    expect(read.list[0]).toBe(read.left[0]);
  });

  test("a Buffer comes back as a Buffer of its own memory", () => {
    const read = serializer.decode(serializer.encode(Buffer.from("granary"))) as Buffer;
    expect(Buffer.isBuffer(read)).toBe(true);
    expect(String(read)).toBe("granary");
  });

  test("where there is no Buffer it comes back as a Uint8Array", () => {
    const text = serializer.encode(Buffer.from(BYTES));
    const { Buffer: given } = globalThis;
    Reflect.deleteProperty(globalThis, "Buffer");
    const read = serializer.decode(text);
    Reflect.set(globalThis, "Buffer", given);
    expect(read).toStrictEqual(BYTES);
  });

  test("those of another realm are carried", () => {
    const others = runInNewContext("[Uint8Array.of(1, 2), Float32Array.of(NaN), new ArrayBuffer(1)]") as object[];
    const read = serializer.decode(serializer.encode([...others]));
    expect(read).toStrictEqual([Uint8Array.of(1, 2), Float32Array.of(Number.NaN), new ArrayBuffer(1)]);
  });

  test.each(ROWS)("%s is read by superjson too: what it has no form for, as a Uint8Array", (_, value) => {
    const read: unknown = superjson.parse(serializer.encode({ value }) as string);
    const hasForm = ArrayBuffer.isView(value) && !Buffer.isBuffer(value) && !(value instanceof DataView);
    expect(read).toStrictEqual({ value: hasForm ? value : bytesOf(value) });
  });
});

describe("FIELD 42: superjson in the user's version", () => {
  test.each(ROWS)("%s as the newest superjson writes it is read", (_, value) => {
    if (!ArrayBuffer.isView(value) || Buffer.isBuffer(value) || value instanceof DataView) return;
    const text = superjson.stringify([value]);
    expect(serializer.encode([value])).toBe(text);
    expect(serializer.decode(text)).toStrictEqual([value]);
  });

  test.each(ROWS)("%s survives with an older one as well", (_, value) => {
    const older = createSuperjsonSerializer({ instance: new OlderSuperJSON() });
    for (const held of [[value], [{ value }, [value]]]) {
      expect(older.decode(older.encode(held))).toStrictEqual(held);
      expect(serializer.decode(older.encode(held))).toStrictEqual(held);
    }
  });

  test("classes that are registered on a copy of superjson reach a serializer that was given this copy", () => {
    class Money {
      constructor(readonly cents: number) {}
    }
    OlderSuperJSON.registerClass(Money);
    const given = createSuperjsonSerializer({ instance: OlderSuperJSON });
    expect(given.decode(given.encode([new Money(7)]))).toStrictEqual([new Money(7)]);
    expect(() => serializer.encode(new Money(7))).toThrow("an instance of Money");
  });

  test("a transformer of the user's own comes before ours", () => {
    const instance = new SuperJSON();
    const isApplicable = (value: unknown): value is Buffer => Buffer.isBuffer(value);
    const transformer = { isApplicable, serialize: String, deserialize: (text: string) => Buffer.from(text) };
    instance.registerCustom(transformer, "buffer");
    const own = createSuperjsonSerializer({ instance });
    expect(own.encode([Buffer.from("a"), Uint8Array.of(1)])).toContain('"json":["a",[1]]');
    expect(own.decode(own.encode([Buffer.from("a")]))).toStrictEqual([Buffer.from("a")]);
  });
});

function bytesOf(value: object): Uint8Array {
  if (!ArrayBuffer.isView(value)) return new Uint8Array(value as ArrayBuffer);
  return Uint8Array.from(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
}
