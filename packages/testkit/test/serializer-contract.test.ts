import { deserialize, serialize } from "node:v8";
import type { Serializer } from "@granary/core";
import { runSerializerContract, serializerContract } from "@granary/testkit";
import { describe, expect, test } from "vitest";
import { recordingRunner } from "./recording-runner.js";

const structured: Serializer = {
  encode: (value) => serialize(value),
  decode: (data) => deserialize(Buffer.from(data as Uint8Array)),
};

const json: Serializer = { encode: (value) => JSON.stringify(value), decode: (data) => JSON.parse(String(data)) };

describe("the structured clone algorithm holds the contract, but for what it turns into plain objects", () => {
  const skips = {
    "what was encoded decodes to the same: a URL": "it becomes an empty object",
    "a value is carried or refused, never bent in silence: an instance of a class": "it becomes a plain object",
  };
  runSerializerContract({ open: () => structured, skips }, test);
});

const PLANTED: ReadonlyArray<readonly [bug: string, noticedBy: string, broken: Serializer]> = [
  ["it is JSON, which has no dates", "what was encoded decodes to the same: a date", json],
  ["it is JSON, which has no -0", "what was encoded decodes to the same: -0", json],
  [
    "it is JSON, which drops functions",
    "a value is carried or refused, never bent in silence: a function inside an object",
    json,
  ],
  [
    "it gives an object",
    "it encodes to text or to bytes",
    { encode: (value) => ({ value }) as never, decode: (data) => data },
  ],
  ["it remembers what it decoded", "two decodes of one text share nothing", remembering(json)],
  [
    "it writes into the value",
    "encode leaves the value as it was",
    { ...structured, encode: (value) => (Array.isArray(value) && value.push(0), structured.encode(value)) },
  ],
  ["it adds a counter", "what it encodes twice is the same both times", counting()],
  [
    "it assigns every property",
    "a property named __proto__ never changes a prototype",
    { encode: json.encode, decode: (data) => assigned(json.decode(data)) },
  ],
];

function remembering({ encode, decode }: Serializer): Serializer {
  const known = new Map<unknown, unknown>();
  return {
    encode,
    decode: (data) => {
      if (!known.has(data)) known.set(data, decode(data));
      return known.get(data);
    },
  };
}

function counting(): Serializer {
  let count = 0;
  return { encode: (value) => `${(count += 1)} ${JSON.stringify(value)}`, decode: (data) => data };
}

function assigned(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const copy: object = {};
  for (const [key, part] of Object.entries(value)) Reflect.set(copy, key, part);
  return copy;
}

describe("a broken serializer is found out", () => {
  test.each(PLANTED)("%s", async (_bug, noticedBy, broken) => {
    expect(serializerContract.map(({ name }) => name)).toContain(noticedBy);
    const runner = recordingRunner();
    runSerializerContract({ open: () => broken }, runner.test);
    expect([...(await runner.failures()).keys()]).toContain(noticedBy);
  });
});
