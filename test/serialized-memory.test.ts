import { randomUUID } from "node:crypto";
import { type CacheStore, createCache, guarded, isCacheError } from "@granary/core";
import { memoryStore } from "@granary/memory";
import { redisStore } from "@granary/redis";
import { valueTable } from "@granary/testkit";
import { describe, expect, onTestFinished, test } from "vitest";
import { redisClient } from "./support/redis-client.js";

class Money {
  constructor(readonly cents: number) {}
}

const cycle: Record<string, unknown> = { n: 1 };
cycle["self"] = cycle;
const twice = { n: 1 };

/** What the stores carry, and what they may refuse or bring back otherwise. */
const VALUES: ReadonlyArray<{ readonly name: string; make(): unknown }> = [
  ...valueTable,
  { name: "an instance of a class", make: () => ({ price: new Money(1) }) },
  { name: "a function", make: () => ({ run: () => 1 }) },
  { name: "a promise", make: () => ({ later: Promise.resolve(1) }) },
  { name: "a symbol", make: () => ({ kind: Symbol("a") }) },
  { name: "an invalid date", make: () => new Date(Number.NaN) },
  { name: "an array with a hole", make: () => [1, , 3] },
  { name: "a forbidden key", make: () => JSON.parse('{"__proto__":1}') as unknown },
  { name: "a property with a symbol for a name", make: () => ({ n: 1, [Symbol("s")]: 2 }) },
  { name: "an object without a prototype", make: () => Object.assign(Object.create(null) as object, { n: 1 }) },
  { name: "a cycle", make: () => cycle },
  { name: "an object that occurs twice", make: () => [twice, twice] },
  { name: "a subclass of a class of the language", make: () => new (class Own extends Map {})() },
  { name: "an error with a code", make: () => Object.assign(new RangeError("x"), { code: "E" }) },
  { name: "bytes", make: () => ({ buffer: Buffer.from("abc"), floats: Float32Array.of(0.5) }) },
];

/** No machine is too slow for this. */
const PATIENT = { timeout: "1m", breaker: false } as const;

describe("FIELD 31: an application on memory with serialized values meets what it would on Redis", () => {
  test.each(VALUES)("$name", async ({ make }) => {
    const client = redisClient();
    onTestFinished(() => client.disconnect());
    const onRedis = await play(guarded(redisStore({ client }), PATIENT), make);
    expect(await play(memoryStore({ values: "serialized" }), make)).toStrictEqual(onRedis);
    expect(onRedis.told.length).toBeGreaterThan(0);
  });
});

/** An application that sets, reads, changes what it has read, loads, and does all that with many. */
async function play(store: CacheStore, make: () => unknown) {
  const cache = createCache<unknown>({ store, namespace: `app-${randomUUID()}`, ttl: "1h" });
  const told: unknown[] = [];
  cache.on("error", ({ operation, error }) => told.push([operation, isCacheError(error) && error.message]));
  cache.on("set", () => told.push("set"));
  cache.on("load", () => told.push("load"));
  const attempt = (call: Promise<unknown>) =>
    call.catch((error: unknown) => (isCacheError(error) ? [error.code, error.message] : error));
  const answers = [
    await cache.set("one", "old"),
    await attempt(cache.set("one", make())),
    changed(await cache.get("one")),
    await cache.get("one"),
    await attempt(cache.setMany([["many", make()]])),
    [...(await cache.getMany(["one", "many"]))],
    await loadTwice(() => cache.getOrSet("loaded", make)),
    await cache.get("loaded"),
  ];
  const { loads, unserializable, errors } = cache.stats();
  await cache.close();
  return { answers, told, counts: { loads, unserializable, errors } };
}

async function loadTwice(load: () => Promise<unknown>): Promise<unknown> {
  const [first, second] = [await load(), await load()];
  return [typeof first, typeof second];
}

/** The value, after its reader has changed it. */
function changed(value: unknown): unknown {
  const before = structuredClone(value);
  if (typeof value === "object" && value !== null) Reflect.set(value, "changed", true);
  return before;
}
