import type { StoreEvent } from "@granary/core";
import { redisStore } from "@granary/redis";
import fc from "fast-check";
import { afterAll, beforeEach, describe, expect, inject, test } from "vitest";
import { declared, LIBRARIES, ownPrefix } from "./support/clients.js";
import { entryOf, eventsOf } from "./support/entries.js";

const HEADER = "granary2 t 1700000000000 never never - -\n";
const RUNS = process.env["GRANARY_FULL"] === "1" ? 1_000 : 100;
const PAYLOADS_A_RUN = 100;

/** Bytes that are no entry of ours: noise, a damaged header, or a good header before what is not JSON. */
const foreignBytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc.string({ unit: "binary", maxLength: 100 }).map((text) => Buffer.from(`granary2 ${text}`)),
  fc.string({ maxLength: 100 }).map((text) => Buffer.from(`${HEADER}\u0000${text}`)),
  fc.integer({ min: 0, max: HEADER.length + 10 }).map((end) => Buffer.from(`${HEADER}{"json":{"a":1}}`.slice(0, end))),
  fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.concat([Buffer.from(`${HEADER}\u00ff`, "latin1"), bytes])),
);

describe.each(LIBRARIES)("bytes that are not ours, through $library", ({ connect }) => {
  const keyPrefix = ownPrefix();
  const client = connect(inject("redisUrl"), { keyPrefix });
  const store = redisStore({ client });
  const many = declared(store.many);
  const events: StoreEvent[] = eventsOf(store);

  beforeEach(() => events.splice(0));
  afterAll(async () => {
    await store.close?.();
    client.disconnect();
  });

  test("they are a miss and an error event", async () => {
    await client.set("foreign", "hello", "PX", 60_000);
    expect(await store.get("foreign")).toBeUndefined();
    const error = expect.objectContaining({ code: "UNREADABLE" });
    expect(events).toEqual([{ type: "error", operation: "get", key: "foreign", error }]);
  });

  test("another version of the format is absent, and nothing is said", async () => {
    await client.set("later", "granary1 whatever\n{}", "PX", 60_000);
    expect(await store.get("later")).toBeUndefined();
    expect(await many.get(["later", "later"])).toEqual([undefined, undefined]);
    expect(events).toEqual([]);
  });

  test("a list under a key of ours is a miss and an error event, and spoils no other read", async () => {
    await client.lpush("list", "1");
    await client.pexpire("list", 60_000);
    await store.set("beside", entryOf(1));
    expect(await store.get("list")).toBeUndefined();
    expect(events).toMatchObject([{ operation: "get", key: "list", error: { code: "UNREADABLE" } }]);
    expect(await many.get(["list", "beside"])).toMatchObject([undefined, { value: 1 }]);
    expect(events).toHaveLength(1);
    expect(await many.get(["list"])).toEqual([undefined]);
    expect(events).toMatchObject([{ key: "list" }, { key: "list" }]);
    await store.set("list", entryOf("ours now"));
    expect(await store.get("list")).toMatchObject({ value: "ours now" });
  });

  test("what is gone by its header is a miss, whatever its payload, and nothing is said", async () => {
    await client.set("gone", "granary1 t 1 2 3 -\nhello", "PX", 60_000);
    expect(await store.get("gone")).toBeUndefined();
    expect(await many.get(["gone", "gone"])).toEqual([undefined, undefined]);
    expect(events).toEqual([]);
  });

  test(`${RUNS * PAYLOADS_A_RUN} fuzzed payloads: never a throw, never a value`, { timeout: 300_000 }, async () => {
    let seen = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(foreignBytes, { minLength: PAYLOADS_A_RUN, maxLength: PAYLOADS_A_RUN }),
        async (payloads) => {
          events.splice(0);
          const keys = payloads.map((_, at) => `fuzz:${at}`);
          await client.pipeline(payloads.map((bytes, at) => ["set", `fuzz:${at}`, bytes, "PX", 60_000])).exec();
          expect(await many.get(keys)).toEqual(keys.map(() => undefined));
          expect(events).toHaveLength(keys.length);
          expect(new Set(events.map((event) => "key" in event && event.key))).toEqual(new Set(keys));
          expect(events).toSatisfy((all: StoreEvent[]) => all.every(isUnreadable));
          seen += keys.length;
        },
      ),
      { numRuns: RUNS },
    );
    expect(seen).toBe(RUNS * PAYLOADS_A_RUN);
  });
});

function isUnreadable(event: StoreEvent): boolean {
  return event.type === "error" && event.operation === "get" && (event.error as { code: string }).code === "UNREADABLE";
}
