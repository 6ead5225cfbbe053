import {
  type BusListener,
  type CacheBus,
  type CacheStore,
  guarded,
  type Serializer,
  type StoreEvent,
} from "@granary/core";
import { keyvStore } from "@granary/keyv";
import { memoryStore } from "@granary/memory";
import { redisBus, redisStore, redisTracking } from "@granary/redis";
import { superjsonSerializer } from "@granary/superjson";
import { faultyBus, faultyStore, localHub, recordingListener } from "@granary/testkit";
import { tiered } from "@granary/tiered";
import { Keyv } from "keyv";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { complaintsDuring } from "./support/complaints.js";
import { eventually } from "./support/eventually.js";
import { ownName, redisClient } from "./support/redis-client.js";

const FAILURES: ReadonlyArray<readonly [how: string, fail: () => unknown]> = [
  [
    "throw",
    () => {
      throw new Error("the listener is broken");
    },
  ],
  ["reject", () => Promise.reject(new Error("the listener is broken"))],
];

/** It can write, and not read: each read is told as an error. */
const serializer: Serializer = {
  encode: superjsonSerializer.encode,
  decode: () => {
    throw new Error("damaged");
  },
};

const LIFE = { createdAt: 0, freshUntil: Number.POSITIVE_INFINITY, keepUntil: Number.POSITIVE_INFINITY };

async function readDamaged(store: CacheStore): Promise<void> {
  await store.set("k", { ...LIFE, value: 1 });
  expect(await store.get("k")).toBeUndefined();
}

interface Subject {
  readonly store: CacheStore;
  /** Makes the store tell something. */
  act(): unknown;
}

const told = (store: CacheStore): Subject => ({ store, act: () => readDamaged(store) });

const STORES: Readonly<Record<string, () => Subject>> = {
  memory: () => told(memoryStore({ values: "serialized", serializer })),
  keyv: () => told(keyvStore(new Keyv(), { serializer })),
  redis: () => told(redisStore({ client: clientOfOwn(), serializer })),
  "a guarded store": () => told(guarded(redisStore({ client: clientOfOwn(), serializer }), { timeout: "1m" })),
  "a faulty store": () => told(faultyStore(memoryStore({ values: "serialized", serializer })).store),
  tiers: () => {
    const hub = localHub();
    const bus = hub.bus("another");
    return {
      store: tiered({ l1: memoryStore(), l2: memoryStore({ name: "far" }), bus: hub.bus("own") }),
      act: () => bus.publish({ type: "changed", keys: ["k"] }),
    };
  },
};

describe.each(Object.entries(STORES))("C44: listeners on %s", (_name, open) => {
  test.each(FAILURES)("that %s fail alone, and somebody is told", async (_how, fail) => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    onTestFinished(() => warn.mockRestore());
    const { store, act } = open();
    const heard: StoreEvent[] = [];
    const complaints = await complaintsDuring(async () => {
      const stops = [store.on?.(fail as () => void), store.on?.((event) => void heard.push(event))];
      await act();
      await eventually(async () => heard.length > 0 && warn.mock.calls.length > 0, Boolean);
      for (const stop of stops) await stop?.();
    });
    expect(complaints).toEqual([]);
    expect(heard.length).toBeGreaterThan(0);
    expect(String(warn.mock.calls)).toContain("the listener is broken");
  });
});

test("C44: what a listener of a store fails with is told to the others as an error", () => {
  const hub = localHub();
  const store = tiered({ l1: memoryStore(), l2: memoryStore({ name: "far" }), bus: hub.bus("own") });
  const heard: StoreEvent[] = [];
  store.on?.((event) => {
    if (event.type === "changed") throw new Error("the listener is broken");
  });
  store.on?.((event) => void heard.push(event));
  void hub.bus("another").publish({ type: "changed", keys: ["k"] });
  expect(heard).toContainEqual(expect.objectContaining({ type: "changed" }));
  expect(heard).toContainEqual(
    expect.objectContaining({
      type: "error",
      operation: 'listener of "changed"',
      error: new Error("the listener is broken"),
    }),
  );
});

type OpenBuses = () => readonly [one: CacheBus, other: CacheBus];

const BUSES: Readonly<Record<string, OpenBuses>> = {
  "a local hub": () => {
    const hub = localHub();
    return [hub.bus("one"), hub.bus("other")];
  },
  "a faulty bus": () => {
    const hub = localHub();
    return [faultyBus(hub.bus("one")).bus, hub.bus("other")];
  },
  Redis: () => {
    const channel = ownName();
    return [redisBus({ client: clientOfOwn(), channel }), redisBus({ client: clientOfOwn(), channel })];
  },
};

describe.each(Object.entries(BUSES))("C44: listeners on %s", (_name, open) => {
  test.each(FAILURES)("that %s are told so, and keep nobody from hearing", async (_how, fail) => {
    const [bus, other] = open();
    const [errors, heard]: [unknown[], ReturnType<typeof recordingListener>] = [[], recordingListener()];
    const failing = { message: fail, gap: fail, error: (error: unknown) => errors.push(error) } as BusListener;
    const complaints = await complaintsDuring(async () => {
      const stops = [bus.subscribe(failing), bus.subscribe(heard)];
      await heard.until(({ gaps }) => gaps > 0);
      await other.publish({ type: "changed", keys: ["k"] });
      await heard.until(({ messages }) => messages.length > 0);
      await eventually(
        async () => errors.length,
        (count) => count > 1,
      );
      for (const stop of stops) await stop();
      await bus.close?.();
      await other.close?.();
    });
    expect(complaints).toEqual([]);
    expect(errors).toContainEqual(new Error("the listener is broken"));
  });
});

test.each(FAILURES)("C44: a listener of a bus whose error() does %s goes to the console", async (_how, fail) => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  onTestFinished(() => warn.mockRestore());
  const bus = localHub().bus("one");
  const complaints = await complaintsDuring(async () => {
    bus.subscribe({ message: fail, gap: fail, error: fail } as BusListener);
    await bus.close?.();
    await eventually(
      async () => warn.mock.calls.length,
      (count) => count > 1,
    );
  });
  expect(complaints).toEqual([]);
});

test("C44: a listener of tracking by the server that throws is told so", async () => {
  const client = clientOfOwn();
  const bus = redisTracking({ client, prefix: ownName() });
  const errors: unknown[] = [];
  const gap = () => {
    throw new Error("the listener is broken");
  };
  const complaints = await complaintsDuring(async () => {
    const stop = bus.subscribe({ message: gap, gap, error: (error) => void errors.push(error) });
    await eventually(
      async () => String(errors),
      (text) => text.includes("the listener is broken"),
    );
    await stop();
    await bus.close?.();
  });
  expect(complaints).toEqual([]);
});

function clientOfOwn() {
  const client = redisClient();
  onTestFinished(() => client.disconnect());
  return client;
}
