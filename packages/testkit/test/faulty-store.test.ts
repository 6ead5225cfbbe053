import type { CacheStore } from "@granary/core";
import {
  farStore,
  faultyStore,
  manualClock,
  nextTurn,
  type OpenedStore,
  runStoreContract,
  type StoreContext,
  type StoreFault,
  type StoreVerb,
} from "@granary/testkit";
import { describe, expect, test } from "vitest";
import { ENTRY, fullStore } from "./full-store.js";
import { openHeld } from "./held-line.js";
import { mapStore } from "./map-store.js";

describe("a store without a fault holds the contract through the wrapper", () => {
  const capabilities = ["many", "walk", "close"] as const;
  runStoreContract({ capabilities, open: ({ clock }) => faultyStore(mapStore(clock)) }, test);
});

describe("a remote store without a fault holds the contract through the wrapper", () => {
  const remote = ["many", "walk", "admits", "invalidate", "expire", "leases", "undoes", "decodes", "copies"] as const;
  const open = ({ clock }: StoreContext): OpenedStore => {
    const opened = openHeld(farStore({ clock }));
    return { ...opened, store: faultyStore(opened.store).store };
  };
  runStoreContract({ capabilities: remote, open }, test);
});

/** A wrapped store that has every capability. */
function open() {
  const clock = manualClock();
  const inner = fullStore();
  const { store, faults } = faultyStore(inner.store, { clock });
  return { ...inner, store: store as Required<CacheStore>, faults, clock };
}

type Opened = ReturnType<typeof open>;
type Call = (store: Required<CacheStore>) => unknown;
type Told = "leases.watch" | "on";

/** Each call of a store, of the key "k" where it takes one. */
const CALLS: Readonly<Record<Exclude<StoreVerb, Told>, Call>> = {
  get: (store) => store.get("k"),
  set: (store) => store.set("k", ENTRY),
  delete: (store) => store.delete("k"),
  "many.get": (store) => store.many.get(["k", "other"]),
  "many.set": (store) => store.many.set([["k", ENTRY]]),
  "many.delete": (store) => store.many.delete(["k", "other"]),
  walk: (store) => store.walk("*")[Symbol.asyncIterator]().next(),
  invalidate: (store) => store.invalidate({ scope: "scope" }),
  generations: (store) => store.generations("k"),
  expire: (store) => store.expire("k", { now: 1, staleMs: 5 }),
  "leases.acquire": (store) => store.leases.acquire("k", "token"),
  "leases.renew": (store) => store.leases.renew("k", "token"),
  "leases.fill": (store) => store.leases.fill("k", ENTRY, { token: "token" }),
  "leases.release": (store) => store.leases.release("k", "token"),
  "leases.keepNear": (store) => store.leases.keepNear?.("k", ENTRY),
  ready: (store) => store.ready(),
  close: (store) => store.close(),
};
const verbs = Object.keys(CALLS) as Array<keyof typeof CALLS>;

/** What a write says that was not done. Everything else reads, and cannot be forgotten or done twice. */
const ACKNOWLEDGED: Readonly<Partial<Record<StoreVerb, unknown>>> = {
  set: undefined,
  delete: true,
  "many.set": undefined,
  "many.delete": [true, true],
  invalidate: { epoch: expect.any(String), sequence: expect.any(Number) },
  expire: true,
  "leases.renew": true,
  "leases.fill": true,
  "leases.release": undefined,
  "leases.keepNear": true,
};

/** Makes a call, and keeps what comes of it. */
function make({ store }: Opened, verb: keyof typeof CALLS): { outcome: unknown } {
  const made: { outcome: unknown } = { outcome: "pending" };
  void (async () => CALLS[verb](store))().then(
    (answer) => {
      made.outcome = { answer };
    },
    (error: unknown) => {
      made.outcome = { error };
    },
  );
  return made;
}

/** What a call comes to when nothing is wrong. */
async function soundOutcome(verb: keyof typeof CALLS): Promise<unknown> {
  const made = make(open(), verb);
  await nextTurn();
  return made.outcome;
}

/** As a test says it that wants one verb to fail: `close` fails only by its name. */
function only(verb: StoreVerb, fault: StoreFault): StoreFault {
  return { ...fault, verbs: [verb] };
}

test("without a fault a call is answered at once, and counted", () => {
  const { store, faults, done } = open();
  expect(store.get("k")).toBe(ENTRY);
  expect(store.leases.acquire("k", "token")).toEqual({ type: "granted", entry: ENTRY });
  expect([faults.calls, faults.waiting, done]).toEqual([2, 0, ["get", "leases.acquire"]]);
  expect([store.name, store.tier, store.leases.ttlMs]).toEqual(["full", "near", 3_000]);
});

test("what a store has not, the wrapped one has not either", () => {
  const { get, set, delete: remove } = fullStore().store;
  expect(Object.keys(faultyStore({ name: "bare", get, set, delete: remove }).store)).toEqual([
    "name",
    "get",
    "set",
    "delete",
  ]);
});

describe.each(verbs)("%s", (verb) => {
  test("can be rejected before it is done, and after", async () => {
    const opened = open();
    const error = new Error("down");
    const before = opened.faults.inject(only(verb, { type: "reject", error }));
    const refused = make(opened, verb);
    await nextTurn();
    expect([refused.outcome, opened.done, before.struck]).toEqual([{ error }, [], 1]);
    before.mend();
    const after = opened.faults.inject(only(verb, { type: "reject", error, at: "answer" }));
    const unheard = make(opened, verb);
    await nextTurn();
    // A walk is done as its batches are read, which is behind its answer.
    expect([unheard.outcome, opened.done, after.struck]).toEqual([{ error }, verb === "walk" ? [] : [verb], 1]);
    opened.faults.mend();
    make(opened, verb);
    await nextTurn();
    expect(opened.done.at(-1)).toBe(verb);
    expect(opened.faults.calls).toBe(3);
  });

  test("hangs until it is mended, and then is done", async () => {
    const opened = open();
    opened.faults.inject(only(verb, { type: "hang" }));
    const hanging = make(opened, verb);
    await nextTurn();
    expect([hanging.outcome, opened.done, opened.faults.waiting]).toEqual(["pending", [], 1]);
    opened.faults.mend();
    await nextTurn();
    expect([hanging.outcome, opened.done, opened.faults.waiting]).toEqual([await soundOutcome(verb), [verb], 0]);
  });

  test("may be done while its answer hangs", async () => {
    const opened = open();
    opened.faults.inject(only(verb, { type: "hang", at: "answer" }));
    const hanging = make(opened, verb);
    await nextTurn();
    expect([hanging.outcome, opened.done]).toEqual(["pending", verb === "walk" ? [] : [verb]]);
    opened.faults.mend();
    await nextTurn();
    expect([hanging.outcome, opened.done]).toEqual([await soundOutcome(verb), [verb]]);
  });

  test("is delayed by the clock", async () => {
    const opened = open();
    opened.faults.inject(only(verb, { type: "delay", ms: 50 }));
    const delayed = make(opened, verb);
    await opened.clock.advance(49);
    expect([delayed.outcome, opened.done, opened.faults.waiting]).toEqual(["pending", [], 1]);
    await opened.clock.advance(1);
    expect([delayed.outcome, opened.done, opened.faults.waiting]).toEqual([await soundOutcome(verb), [verb], 0]);
  });

  test("is never answered where it is dropped, done or not", async () => {
    const opened = open();
    const [request, answer] = [only(verb, { type: "drop", times: 1 }), only(verb, { type: "drop", at: "answer" })];
    opened.faults.inject(request);
    const lost = make(opened, verb);
    await nextTurn();
    expect(opened.done).toEqual([]);
    opened.faults.inject(answer);
    const unheard = make(opened, verb);
    await nextTurn();
    expect(opened.done).toEqual(verb === "walk" ? [] : [verb]);
    opened.faults.mend();
    await opened.clock.advance(1e9);
    expect([lost.outcome, unheard.outcome, opened.faults.waiting]).toEqual(["pending", "pending", 0]);
  });

  test("is forgotten or done twice if it is a write", async () => {
    const opened = open();
    const forgetting = opened.faults.inject(only(verb, { type: "forget" }));
    const forgotten = make(opened, verb);
    await nextTurn();
    const isWrite = verb in ACKNOWLEDGED;
    expect(forgetting.struck).toBe(isWrite ? 1 : 0);
    expect(forgotten.outcome).toEqual(isWrite ? { answer: ACKNOWLEDGED[verb] } : await soundOutcome(verb));
    expect(opened.done).toEqual(isWrite ? [] : [verb]);
    opened.done.length = 0;
    forgetting.mend();
    const doubling = opened.faults.inject(only(verb, { type: "duplicate" }));
    const doubled = make(opened, verb);
    await nextTurn();
    expect(doubling.struck).toBe(isWrite ? 1 : 0);
    expect([doubled.outcome, opened.done]).toEqual([await soundOutcome(verb), isWrite ? [verb, verb] : [verb]]);
  });

  test("is left alone by a fault of other verbs", async () => {
    const opened = open();
    const others = verbs.filter((other) => other !== verb);
    const fault = opened.faults.inject({ type: "reject", verbs: others });
    const made = make(opened, verb);
    await nextTurn();
    expect([made.outcome, fault.struck]).toEqual([await soundOutcome(verb), 0]);
  });
});

test("a fault of no verbs in particular strikes all but close, and one of a capability all that is in it", async () => {
  const opened = open();
  const struck = async (fault: StoreFault) => {
    const injected = opened.faults.inject(fault);
    const found: StoreVerb[] = [];
    for (const verb of verbs) {
      const before = injected.struck;
      make(opened, verb);
      await nextTurn();
      if (injected.struck > before) found.push(verb);
    }
    opened.faults.mend();
    return found;
  };
  expect(await struck({ type: "reject" })).toEqual(verbs.filter((verb) => verb !== "close"));
  expect(await struck({ type: "reject", verbs: ["leases", "set"] })).toEqual([
    "set",
    "leases.acquire",
    "leases.renew",
    "leases.fill",
    "leases.release",
    "leases.keepNear",
  ]);
});

describe("a fault", () => {
  test("of keys strikes what names one of them, and no call that names none", async () => {
    const { store, faults } = open();
    const fault = faults.inject({ type: "reject", keys: "users:*" });
    await expect(store.get("users:1")).rejects.toThrow("a test wants it");
    await expect(
      store.many.set([
        ["tea", ENTRY],
        ["users:2", ENTRY],
      ]),
    ).rejects.toThrow("a test wants it");
    await expect(store.leases.fill("users:3", ENTRY, { token: "t" })).rejects.toThrow("a test wants it");
    expect([store.get("tea"), store.invalidate({ scope: "users:" }), store.many.delete(["tea"])]).toHaveLength(3);
    expect(fault.struck).toBe(3);
  });

  test("of so many times leaves alone what comes after", async () => {
    const { store, faults } = open();
    const fault = faults.inject({ type: "reject", times: 2 });
    await expect(store.get("k")).rejects.toThrow("a test wants it");
    await expect(store.set("k", ENTRY)).rejects.toThrow("a test wants it");
    expect([store.get("k"), fault.struck]).toEqual([ENTRY, 2]);
  });

  test("that is mended by itself lets go on what it holds, and no other", async () => {
    const opened = open();
    const gets = opened.faults.inject({ type: "hang", verbs: ["get"] });
    opened.faults.inject({ type: "hang", verbs: ["set"] });
    const [got, set] = [make(opened, "get"), make(opened, "set")];
    gets.mend();
    await nextTurn();
    expect([got.outcome, set.outcome, opened.faults.waiting]).toEqual([{ answer: ENTRY }, "pending", 1]);
    expect(opened.store.get("k")).toBe(ENTRY);
  });

  test("is met after those that were put in before it", async () => {
    const opened = open();
    opened.faults.inject({ type: "delay", ms: 50 });
    opened.faults.inject({ type: "reject" });
    const made = make(opened, "get");
    await opened.clock.advance(49);
    expect(made.outcome).toBe("pending");
    await opened.clock.advance(1);
    expect(made.outcome).toEqual({ error: expect.any(Error) });
    expect(opened.done).toEqual([]);
  });

  test.each([
    ["reject", { type: "reject" }],
    ["forget", { type: "forget" }],
    ["duplicate", { type: "duplicate" }],
    ["drop", { type: "drop" }],
  ] satisfies ReadonlyArray<[string, StoreFault]>)(
    "of %s that was mended while a call hung does not strike it",
    async (_name, fault) => {
      const opened = open();
      opened.faults.inject({ type: "hang" });
      opened.faults.inject(fault);
      const made = make(opened, "delete");
      await nextTurn();
      opened.faults.mend();
      await nextTurn();
      expect([made.outcome, opened.done]).toEqual([{ answer: false }, ["delete"]]);
    },
  );

  test("that is mended while the store works does not hold its answer, nor has it done again", async () => {
    let finish = (): void => undefined;
    let begun = 0;
    const working = new Promise<boolean>((resolve) => {
      finish = () => resolve(true);
    });
    const slow = () => {
      begun += 1;
      return working;
    };
    const { store, faults } = faultyStore({ ...fullStore().store, delete: slow });
    faults.inject({ type: "hang", at: "answer" });
    faults.inject({ type: "duplicate" });
    const deleting = store.delete("k");
    faults.mend();
    finish();
    expect([await deleting, begun]).toEqual([true, 1]);
  });

  test("of the answer befalls a failure too", async () => {
    const error = new Error("its own");
    const opened = open();
    const { store, faults } = faultyStore({ ...opened.store, get: () => Promise.reject(error) });
    faults.inject({ type: "hang", at: "answer" });
    const made = make({ ...opened, store: store as Required<CacheStore> }, "get");
    await nextTurn();
    expect(made.outcome).toBe("pending");
    faults.mend();
    await nextTurn();
    expect(made.outcome).toEqual({ error });
  });

  test("of all lets what hung go on in the order in which it came, before anything newer", async () => {
    const { store, faults, asked } = open();
    faults.inject({ type: "hang", verbs: ["set"] });
    faults.inject({ type: "hang", verbs: ["delete"] });
    void store.set("first", ENTRY);
    void store.delete("second");
    void store.set("third", ENTRY);
    await nextTurn();
    faults.mend();
    void store.set("fourth", ENTRY);
    expect(asked).toEqual(["first", "second", "third", "fourth"]);
  });

  test("of delay goes on at once when it is mended, and leaves no timer", async () => {
    const opened = open();
    opened.faults.inject({ type: "delay", ms: 50 });
    const made = make(opened, "get");
    opened.faults.mend();
    await nextTurn();
    expect([made.outcome, opened.clock.pending]).toEqual([{ answer: ENTRY }, 0]);
  });

  test("of delay goes by the clock of the store where none is given", async () => {
    const clock = manualClock();
    const { store, faults } = faultyStore(mapStore(clock));
    faults.inject({ type: "delay", ms: 50 });
    void store.get("k");
    expect(clock.pending).toBe(1);
    await clock.advance(50);
    expect(faults.waiting).toBe(0);
  });
});

test("a write may be done again later, when others came between", async () => {
  const { store, faults, clock, done } = open();
  faults.inject({ type: "duplicate", ms: 50, verbs: ["set"] });
  await store.set("k", ENTRY);
  void store.delete("k");
  await clock.advance(49);
  expect([done, faults.waiting]).toEqual([["set", "delete"], 1]);
  await clock.advance(1);
  expect([done, faults.waiting]).toEqual([["set", "delete", "set"], 0]);
});

test("a write that fails when it is done again has not failed", async () => {
  let writes = 0;
  const { store, faults } = faultyStore({
    ...fullStore().store,
    set: () => {
      writes += 1;
      if (writes > 1) throw new Error("full");
    },
  });
  faults.inject({ type: "duplicate" });
  await store.set("k", ENTRY);
  expect(writes).toBe(2);
});

describe("calls of one turn", () => {
  const NAMES = ["a", "b", "c", "d", "e", "f"];

  async function orderOf(seed?: number) {
    const { store, faults, asked } = open();
    const fault = faults.inject({ type: "reorder", ...(seed !== undefined && { seed }) });
    const made = NAMES.map((key) => store.set(key, ENTRY));
    expect(asked).toEqual([]);
    await Promise.all(made);
    expect(fault.struck).toBe(NAMES.length);
    return asked;
  }

  test("reach the store in another order, which is that of the seed", async () => {
    const orders = await Promise.all([orderOf(), orderOf(1), orderOf(2), orderOf(3)]);
    expect(orders[0]).toEqual(orders[1]);
    expect(new Set(orders.map(String)).size).toBe(3);
    for (const order of orders) {
      expect(new Set(order)).toEqual(new Set(NAMES));
      expect(order).not.toEqual(NAMES);
    }
  });

  test("are in another order even where there are two, and one waits for no other turn", async () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const { store, faults, asked } = open();
      faults.inject({ type: "reorder", seed });
      await Promise.all([store.set("a", ENTRY), store.set("b", ENTRY)]);
      await store.set("c", ENTRY);
      expect(asked).toEqual(["b", "a", "c"]);
    }
  });
});

describe("what a store tells", () => {
  const CHANGED = { type: "changed", keys: ["k"] } as const;

  /** Listens both ways, and counts what is told. */
  function listen(opened: Opened) {
    const told: string[] = [];
    const stops = [
      opened.store.on(({ type }) => void told.push(type)),
      opened.store.leases.watch("k", () => void told.push("woken")),
    ];
    const say = () => {
      opened.tell(CHANGED);
      opened.wake();
    };
    return { told, say, stop: () => stops.forEach((stop) => stop()) };
  }

  test("passes at once without a fault, and until it is stopped", () => {
    const opened = open();
    const { told, say, stop } = listen(opened);
    say();
    expect([told, opened.listening()]).toEqual([["changed", "woken"], 2]);
    stop();
    say();
    expect([told.length, opened.listening()]).toEqual([2, 0]);
  });

  test("can hang, be delayed, dropped, doubled and reordered", async () => {
    const opened = open();
    const { told, say } = listen(opened);
    const hearing = async (fault: StoreFault, after: () => unknown) => {
      const injected = opened.faults.inject(fault);
      say();
      const before = [...told];
      await after();
      opened.faults.mend();
      const heard = [before, told.slice(before.length), injected.struck];
      told.length = 0;
      return heard;
    };
    const both = ["changed", "woken"];
    expect(await hearing({ type: "hang" }, () => opened.faults.mend())).toEqual([[], both, 2]);
    expect(await hearing({ type: "delay", ms: 5 }, () => opened.clock.advance(5))).toEqual([[], both, 2]);
    expect(await hearing({ type: "drop" }, () => opened.clock.advance(1e9))).toEqual([[], [], 2]);
    expect(await hearing({ type: "reorder" }, nextTurn)).toEqual([[], ["woken", "changed"], 2]);
    expect(await hearing({ type: "duplicate" }, nextTurn)).toEqual([["changed", "changed", "woken", "woken"], [], 2]);
    expect(await hearing({ type: "duplicate", ms: 5 }, () => opened.clock.advance(5))).toEqual([both, both, 2]);
    expect(await hearing({ type: "drop", verbs: ["leases.watch"] }, nextTurn)).toEqual([["changed"], [], 1]);
    expect(await hearing({ type: "drop", keys: "other" }, nextTurn)).toEqual([both, [], 0]);
  });

  test("cannot be rejected, forgotten or corrupted", () => {
    const opened = open();
    const { told, say } = listen(opened);
    const faults = (["reject", "forget", "corrupt"] as const).map((type) => opened.faults.inject({ type }));
    say();
    expect([told.length, faults.map(({ struck }) => struck)]).toEqual([2, [0, 0, 0]]);
  });

  test("is told once where what hung was to be doubled, and who is told mends", () => {
    const opened = open();
    const hanging = opened.faults.inject({ type: "hang" });
    opened.faults.inject({ type: "duplicate" });
    const told: string[] = [];
    for (const name of ["first", "second"]) {
      opened.store.on(() => {
        told.push(name);
        hanging.mend();
      });
    }
    opened.tell(CHANGED);
    opened.faults.mend();
    expect(told).toEqual(["first", "second"]);
  });

  test("is not told late to who has stopped", () => {
    const opened = open();
    const { told, say, stop } = listen(opened);
    opened.faults.inject({ type: "hang" });
    say();
    stop();
    opened.faults.mend();
    expect(told).toEqual([]);
  });
});

describe("a corrupt entry", () => {
  const READS = {
    get: async ({ store }: Opened) => store.get("k"),
    "many.get": async ({ store }: Opened) => (await store.many.get(["k", "other"]))[0],
    "leases.acquire": async ({ store }: Opened) => (await store.leases.acquire("k", "token")).entry,
  } as const;
  const reads = Object.keys(READS) as Array<keyof typeof READS>;

  test.each(reads)("comes from %s in many shapes, the same ones for a seed", async (verb) => {
    const shapesOf = async (seed: number) => {
      const opened = open();
      const fault = opened.faults.inject({ type: "corrupt", seed });
      const shapes: unknown[] = [];
      for (let read = 0; read < 200; read += 1) shapes.push(await READS[verb](opened));
      expect(fault.struck).toBe(200);
      opened.faults.mend();
      expect(await READS[verb](opened)).toBe(ENTRY);
      return shapes;
    };
    const [shapes, again, others] = [await shapesOf(1), await shapesOf(1), await shapesOf(2)];
    expect(shapes).toEqual(again);
    expect(shapes).not.toEqual(others);
    expect(shapes).not.toContainEqual(ENTRY);
    expect(new Set(shapes.map((shape) => JSON.stringify(shape))).size).toBeGreaterThan(10);
    expect(shapes).toEqual(expect.arrayContaining([null, "corrupt", expect.objectContaining({ freshUntil: NaN })]));
  });

  test.each(reads)("comes from %s in the shape that a test gives it", async (verb) => {
    const opened = open();
    opened.faults.inject({ type: "corrupt", with: (entry, key) => ({ ...entry, value: `${key} spoiled` }) });
    expect(await READS[verb](opened)).toEqual({ ...ENTRY, value: "k spoiled" });
  });

  test("may be any shape at all", async () => {
    const { store, faults } = open();
    for (const shape of [null, undefined, 0, "", []]) {
      const fault = faults.inject({ type: "corrupt", with: () => shape });
      expect([store.get("k"), fault.struck]).toEqual([shape, 1]);
      fault.mend();
    }
  });

  test("is one of the keys that were asked for, and none is made of nothing", async () => {
    const { store, faults } = faultyStore(mapStore(manualClock()));
    await store.many?.set([
      ["a", ENTRY],
      ["b", ENTRY],
    ]);
    faults.inject({ type: "corrupt", keys: "a", with: () => "spoiled" });
    expect(await store.many?.get(["a", "b", "absent"])).toEqual(["spoiled", ENTRY, undefined]);
    expect(await store.get("absent")).toBeUndefined();
  });

  test("is judged where the store has its entries judged, as if it had decoded it so", async () => {
    const clock = manualClock();
    const { store, faults } = faultyStore(farStore({ clock }).connect());
    const life = { createdAt: clock.now(), freshUntil: Infinity, keepUntil: Infinity };
    await store.set("k", { value: "sound", ...life });
    faults.inject({ type: "corrupt", with: (entry) => ({ ...entry, value: "spoiled" }) });
    const judged: unknown[] = [];
    const refuse = (_key: string, { value }: { value: unknown }) => void judged.push(value);
    expect(await store.get("k", clock.now(), refuse)).toBeUndefined();
    expect(await store.many?.get(["k"], clock.now(), refuse)).toEqual([undefined]);
    expect(await store.leases?.acquire("k", "token", refuse)).toEqual({
      type: "granted",
      entry: undefined,
      generations: "",
    });
    expect(judged).toEqual(["spoiled", "spoiled", "spoiled"]);
    expect(await store.get("k")).toMatchObject({ value: "spoiled" });
  });
});
