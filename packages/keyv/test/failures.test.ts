import type { CacheStore, StoreEvent } from "@granary/core";
import { type KeyvLike, keyvStore } from "@granary/keyv";
import { manualClock } from "@granary/testkit";
import { Keyv } from "keyv";
import { Keyv as Keyv6 } from "keyv-6";
import { describe, expect, test } from "vitest";
import { BatchAdapter, RejectingAdapter, SwallowingAdapter } from "./support/adapters.js";
import { entryOf, errorsOf } from "./support/entries.js";
import { type KeyvSettings, keyvs } from "./support/keyvs.js";

const KEY = "granary:v1:users:1";
const BAD = "bad";
const GOOD = "good";
/** Damage that Keyv itself passes off as absence when it reads many at once. */
const SILENT_AMONG_MANY: ReadonlySet<string> = new Set(["null", "5", "[1]", '"text"']);
const down = new Error("the backend is down");
const clock = manualClock();

const verbs: Readonly<Record<string, (store: CacheStore) => unknown>> = {
  get: (store) => store.get(KEY),
  set: (store) => store.set(KEY, entryOf(clock, 1)),
  delete: (store) => store.delete(KEY),
  "many.get": (store) => store.many?.get([KEY, "other"]),
  "many.set": (store) => store.many?.set([[KEY, entryOf(clock, 1)]]),
  "many.delete": (store) => store.many?.delete([KEY, "other"]),
};

const failing: Readonly<Record<string, () => KeyvLike>> = {
  "that rejects, under Keyv 5": () => new Keyv({ store: new RejectingAdapter(down) }),
  "that rejects, under a Keyv 5 that throws": () =>
    new Keyv({ store: new RejectingAdapter(down), throwOnErrors: true }),
  "that rejects, under Keyv 6": () => new Keyv6({ store: new RejectingAdapter(down) }),
  "that swallows its errors and emits them, under Keyv 5": () => new Keyv({ store: new SwallowingAdapter(down) }),
  "that swallows its errors and emits them, under Keyv 6": () => new Keyv6({ store: new SwallowingAdapter(down) }),
};

describe.each(Object.entries(failing))("an adapter %s", (_name, open) => {
  test.each(Object.entries(verbs))("makes %s reject with its error", async (_verb, call) => {
    await expect(call(keyvStore(open(), { clock }))).rejects.toBe(down);
  });
});

test("under a silent Keyv a read and a write still reject where the adapter does", async () => {
  const keyv = new Keyv({ store: new RejectingAdapter(down), emitErrors: false });
  const store = keyvStore(keyv, { clock });

  await expect(store.get(KEY)).rejects.toBe(down);
  await expect(store.set(KEY, entryOf(clock, 1))).rejects.toMatchObject({ code: "STORE_FAILED" });
});

test("a hit stays a hit where another call failed meanwhile", async () => {
  const adapter = new BatchAdapter();
  const keyv = new Keyv({ store: adapter });
  const store = keyvStore(keyv, { clock });
  await store.set(KEY, entryOf(clock, "there"));
  keyv.hooks.addHandler("preGetRaw", () => keyv.emit("error", down));
  keyv.hooks.addHandler("preGetMany", () => keyv.emit("error", down));

  expect((await store.get(KEY))?.value).toBe("there");
  expect((await store.many?.get(["none", KEY]))?.map((entry) => entry?.value)).toEqual([undefined, "there"]);
});

test("a backend that comes back is read again", async () => {
  const adapter = new RejectingAdapter(down);
  const store = keyvStore(new Keyv({ store: adapter }), { clock });
  await expect(store.get(KEY)).rejects.toBe(down);

  adapter.failing = false;

  expect(await store.get(KEY)).toBeUndefined();
  await store.set(KEY, entryOf(clock, 1));
  expect((await store.get(KEY))?.value).toBe(1);
});

test("what Keyv emits outside a call is told as trouble of the connection", () => {
  const keyv = new Keyv();
  const events = eventsOf(keyvStore(keyv));
  keyv.emit("error", down);
  expect(errorsOf(events)).toEqual(["connection: the backend is down"]);
});

const garbled: Readonly<Record<string, string>> = {
  "what is not JSON": "}{",
  "empty text": "",
  null: "null",
  "a bare number": "5",
  "bare text": '"text"',
  "a list": "[1]",
  "a value of another program": '{"value":{"name":"Ann"}}',
  "text of another program": '{"value":"Ann"}',
  "damaged base64": '{"value":"base64:%%%"}',
  "base64 of something else": '{"value":"base64:AAAA"}',
  "a damaged header": '{"value":"granary2 t 1 2 - -\\n{}"}',
  "a damaged payload": '{"value":"granary2 t 1 never never - -\\n{"}',
};

describe.each(keyvs)("under %s", (name, openKeyv) => {
  test.each(Object.entries(garbled))("%s is a miss and an error that names the key", async (_what, bytes) => {
    const { store, events, damage } = await openWith(openKeyv);
    damage(bytes);

    expect(await store.get(BAD)).toBeUndefined();

    // Keyv 6 passes a bare null off as absence.
    const expected = name === "Keyv 6" && bytes === "null" ? [] : [{ type: "error", operation: "get", key: BAD }];
    expect(events).toMatchObject(expected);
    expect(errorsOf(events)).toEqual(expected.map(() => "get: UNREADABLE"));
  });

  test("one damaged row among many costs no other row", async () => {
    const { store, events, damage } = await openWith(openKeyv);
    let looked = 0;
    for (const bytes of Object.values(garbled).filter((each) => !SILENT_AMONG_MANY.has(each))) {
      damage(bytes);
      const found = await store.many?.get([BAD, GOOD]);
      expect(found?.map((entry) => entry?.value)).toEqual([undefined, "good"]);
      looked += 1;
      expect(errorsOf(events)).toHaveLength(looked);
    }
    expect(looked).toBeGreaterThan(0);
    expect(new Set(errorsOf(events))).toEqual(new Set(["get: UNREADABLE"]));
  });

  test("a row that holds no value of Keyv's is absent among many", async () => {
    const { store, damage } = await openWith(openKeyv);
    let looked = 0;
    for (const bytes of SILENT_AMONG_MANY) {
      damage(bytes);
      const found = await store.many?.get([BAD, GOOD]);
      expect(found?.map((entry) => entry?.value)).toEqual([undefined, "good"]);
      looked += 1;
    }
    expect(looked).toBeGreaterThan(0);
  });

  test("an entry of another version of the format is absent, and nothing is said", async () => {
    const { store, events, damage } = await openWith(openKeyv);
    damage('{"value":"granary1 t 1 never never -\\n{}"}');

    expect(await store.get(BAD)).toBeUndefined();
    expect((await store.many?.get([BAD, GOOD]))?.[0]).toBeUndefined();
    expect(events).toEqual([]);
  });
});

/** A store with an entry under `GOOD`, and a way to put any bytes under `BAD`. */
async function openWith(openKeyv: (settings: KeyvSettings) => KeyvLike) {
  const adapter = new BatchAdapter();
  const store = keyvStore(openKeyv({ store: adapter }), { clock });
  const events = eventsOf(store);
  await store.set(BAD, entryOf(clock, "bad"));
  const [stored] = adapter.data.keys();
  await store.set(GOOD, entryOf(clock, "good"));
  return { store, events, damage: (bytes: string) => void adapter.data.set(String(stored), bytes) };
}

function eventsOf(store: CacheStore): StoreEvent[] {
  const events: StoreEvent[] = [];
  store.on?.((event) => events.push(event));
  return events;
}
