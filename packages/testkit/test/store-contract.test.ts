import type { CacheEntry, CacheStore, Clock } from "@granary/core";
import { runStoreContract, type StoreCapability, type StoreSubject, storeContract } from "@granary/testkit";
import { describe, expect, test } from "vitest";
import { recordingRunner } from "./recording-runner.js";

function strangersStore(clock: Clock): CacheStore {
  const entries = new Map<string, CacheEntry>();
  return {
    name: "stranger's",
    clock,
    get(key) {
      const entry = entries.get(key);
      return entry !== undefined && entry.keepUntil > clock.now() ? entry : undefined;
    },
    set: (key, entry) => void entries.set(key, entry),
    delete: (key) => entries.delete(key),
  };
}

describe("a stranger's store of three methods holds the contract", () => {
  runStoreContract({ open: ({ clock }) => ({ store: strangersStore(clock) }) }, test);
});

describe("a store on the machine's clock that decodes holds the contract", () => {
  const capabilities = ["admits", "decodes", "copies"] as const;
  runStoreContract({ capabilities, open: () => ({ store: decodingStore() }) }, test);
});

/** A store as a remote one is: a promise for each answer, a copy for each read, the machine's clock. */
function decodingStore(): CacheStore {
  const entries = new Map<string, CacheEntry>();
  return {
    name: "decoding",
    admits: true,
    async get(key, _now, admit) {
      const entry = entries.get(key);
      if (entry === undefined || entry.keepUntil <= Date.now()) return undefined;
      const copy = { ...structuredClone({ ...entry, value: undefined }), value: cloneValue(entry.value) };
      return admit === undefined ? copy : admit(key, copy);
    },
    async set(key, entry) {
      entries.set(key, { ...structuredClone({ ...entry, value: undefined }), value: cloneValue(entry.value) });
    },
    async delete(key) {
      return entries.delete(key);
    },
  };
}

function cloneValue(value: unknown): unknown {
  return value instanceof URL ? new URL(value) : structuredClone(value);
}

/** What a broken store does in place of the stranger's, with the case that has to notice. */
interface PlantedBug {
  readonly bug: string;
  readonly noticedBy: string;
  readonly capabilities?: readonly StoreCapability[];
  plant(store: CacheStore, clock: Clock): Partial<CacheStore>;
}

const PLANTED: readonly PlantedBug[] = [
  {
    bug: "it loses the sign of -0",
    noticedBy: "it carries a value unchanged: -0",
    plant: (store) => ({
      set: (key, entry) => store.set(key, { ...entry, value: entry.value === 0 ? 0 : entry.value }),
    }),
  },
  {
    bug: "it takes null for absent",
    noticedBy: "it carries a value unchanged: null",
    plant: ({ get }) => ({ get: (key) => whereNot(get(key), null) }),
  },
  {
    bug: "it writes JSON",
    noticedBy: "it carries a value unchanged: a date",
    plant: (store) => ({
      set: (key, entry) => store.set(key, { ...entry, value: JSON.parse(JSON.stringify(entry.value)) as unknown }),
    }),
  },
  {
    bug: "it starts an entry's life again",
    noticedBy: "deadlines come back exactly, however long ago the load began",
    plant: (store, clock) => ({
      set: (key, entry) => store.set(key, { ...entry, keepUntil: clock.now() + entry.keepUntil - entry.createdAt }),
    }),
  },
  {
    bug: "it returns gone entries",
    noticedBy: "an entry is never returned from its keepUntil on",
    plant: () => keepingForEver(),
  },
  {
    bug: "it drops stale entries",
    noticedBy: "a stale entry is returned",
    plant: (store, clock) => ({
      get: (key) => {
        const entry = store.get(key) as CacheEntry | undefined;
        return entry !== undefined && entry.freshUntil > clock.now() ? entry : undefined;
      },
    }),
  },
  {
    bug: "it throws at once on what it cannot write",
    noticedBy: "it carries a value unchanged: a bigint",
    plant: (store) => ({
      set: (key, entry) => {
        if (typeof entry.value === "bigint") throw new TypeError("cannot write a bigint");
        return store.set(key, entry);
      },
    }),
  },
  {
    bug: "it keeps the old entry where the new one is gone already",
    noticedBy: "an entry that is gone when it is set takes the place of the one before",
    plant: (store, clock) => ({
      set: (key, entry) => (entry.keepUntil > clock.now() ? store.set(key, entry) : undefined),
    }),
  },
  {
    bug: "it does not tell capitals",
    noticedBy: "no two different keys share an entry",
    plant: (store) => ({
      get: (key) => store.get(key.toLowerCase()),
      set: (key, entry) => store.set(key.toLowerCase(), entry),
    }),
  },
  {
    bug: "its delete always says yes",
    noticedBy: "delete says whether something was there, and nothing is there after it",
    plant: (store) => ({
      delete: async (key) => {
        await store.delete(key);
        return true;
      },
    }),
  },
  {
    bug: "it has lost the tags",
    noticedBy: "tags and validators come back as they were",
    plant: (store) => ({ set: (key, { tags: _lost, ...entry }) => store.set(key, entry) }),
  },
  {
    bug: "it leaves absent keys out of many answers",
    noticedBy: "many keys are read in the order asked for, absent ones as undefined",
    capabilities: ["many"],
    plant: (store) => ({ many: manyOver(store, (entries) => entries.filter((entry) => entry !== undefined)) }),
  },
  {
    bug: "it answers many keys in an order of its own",
    noticedBy: "many keys are read in the order asked for, absent ones as undefined",
    capabilities: ["many"],
    plant: (store) => ({ many: manyOver(store, (entries) => entries.reverse()) }),
  },
  {
    bug: "its many deletes say yes to every key where one was there",
    noticedBy: "many deletes say of each key whether it was there, and leave the others",
    capabilities: ["many"],
    plant: (store) => {
      const many = manyOver(store, (entries) => entries);
      return {
        many: { ...many, delete: async (keys) => (await many.delete(keys)).map((_, __, all) => all.includes(true)) },
      };
    },
  },
  {
    bug: "its walk takes a prefix for a glob",
    noticedBy: "a backslash makes the next character of a glob literal",
    capabilities: ["walk"],
    plant: (store) => walkingByPrefix(store),
  },
  {
    bug: "it has a capability that it does not declare",
    noticedBy: "no keys at all are no work [not declared: many]",
    plant: (store) => ({ many: manyOver(store, (entries) => entries) }),
  },
  {
    bug: "it declares a capability that it does not have",
    noticedBy: "no keys at all are no work",
    capabilities: ["many"],
    plant: () => ({}),
  },
  {
    bug: "it says that it copies and shares",
    noticedBy: "what a reader does to a value is not seen by the next reader",
    capabilities: ["copies"],
    plant: () => ({}),
  },
  {
    bug: "it ignores what admit answers",
    noticedBy: "what admit answers is what the reader gets",
    capabilities: ["admits", "decodes"],
    plant: (store) => ({
      admits: true,
      get: async (key, now, admit) => {
        const entry = await store.get(key, now);
        if (entry !== undefined) await admit?.(key, entry);
        return entry;
      },
    }),
  },
  {
    bug: "it admits twice",
    noticedBy: "each read passes its entry through admit once, with its key",
    capabilities: ["admits", "decodes"],
    plant: (store) => ({
      admits: true,
      get: async (key, now, admit) => {
        const entry = await store.get(key, now);
        if (entry === undefined || admit === undefined) return entry;
        await admit(key, entry);
        return admit(key, entry);
      },
    }),
  },
];

function whereNot(found: unknown, unwanted: unknown): CacheEntry | undefined {
  const entry = found as CacheEntry | undefined;
  return entry?.value === unwanted ? undefined : entry;
}

function keepingForEver(): Partial<CacheStore> {
  const entries = new Map<string, CacheEntry>();
  return {
    get: (key) => entries.get(key),
    set: (key, entry) => void entries.set(key, entry),
    delete: (key) => entries.delete(key),
  };
}

type Entries = Array<CacheEntry | undefined>;

function manyOver(store: CacheStore, bend: (entries: Entries) => Entries): NonNullable<CacheStore["many"]> {
  return {
    get: async (keys) => bend(await Promise.all(keys.map((key) => store.get(key)))),
    set: async (pairs) => {
      for (const [key, entry] of pairs) await store.set(key, entry);
    },
    delete: (keys) => Promise.all(keys.map((key) => store.delete(key))),
  };
}

function walkingByPrefix(store: CacheStore): Partial<CacheStore> {
  const keys = new Set<string>();
  return {
    set: (key, entry) => {
      keys.add(key);
      return store.set(key, entry);
    },
    async *walk(glob) {
      yield [...keys].filter((key) => key.startsWith(glob.replace(/\*$/, "")));
    },
  };
}

describe("a broken store is found out", () => {
  test.each(PLANTED)("$bug", async ({ noticedBy, capabilities = [], plant }) => {
    const runner = recordingRunner();
    const open: StoreSubject["open"] = ({ clock }) => {
      const sound = strangersStore(clock);
      return { store: { ...sound, ...plant(sound, clock) } };
    };
    runStoreContract({ open, capabilities }, runner.test);
    expect([...(await runner.failures()).keys()]).toContain(noticedBy);
  });

  test("each planted bug has a case of its own name to notice it", () => {
    const known = new Set(storeContract.map(({ name }) => name));
    const named = PLANTED.map(({ noticedBy }) => noticedBy.replace(/ \[not declared: \w+\]$/, ""));
    expect(named.length).toBeGreaterThan(0);
    for (const name of named) expect(known).toContain(name);
  });
});

describe("what is left out is never passed in silence", () => {
  const open: StoreSubject["open"] = ({ clock }) => {
    const sound = strangersStore(clock);
    return { store: { ...sound, get: (key) => whereNot(sound.get(key), null) } };
  };
  const broken = "it carries a value unchanged: null";

  test("every case is registered, declared or not", () => {
    const runner = recordingRunner();
    runStoreContract({ open }, runner.test);
    expect(runner.names()).toHaveLength(storeContract.length);
    expect(runner.names().filter((name) => name.includes("[not declared: walk]")).length).toBeGreaterThan(0);
  });

  test("a skip stands in the name with its reason, and passes while the case fails", async () => {
    const runner = recordingRunner();
    runStoreContract({ open, skips: { [broken]: "null is its word for absent" } }, runner.test);
    expect(runner.names()).toContain(`${broken} [does not hold: null is its word for absent]`);
    expect([...(await runner.failures()).keys()]).toEqual([]);
  });

  test("a skip whose case holds after all fails", async () => {
    const runner = recordingRunner();
    const skips = { [broken]: "true", "it carries a value unchanged: 0": "no longer true" };
    runStoreContract({ open, skips }, runner.test);
    const failures = await runner.failures();
    expect([...failures.values()]).toEqual([expect.stringContaining("take the skip away")]);
  });

  test("a skip of no case, or without a reason, is refused", () => {
    expect(() => runStoreContract({ open, skips: { "no such case": "x" } }, test)).toThrow("no such case");
    expect(() => runStoreContract({ open, skips: { [broken]: " " } }, test)).toThrow("no reason");
  });

  test("no two cases share a name", () => {
    expect(storeContract.length).toBeGreaterThan(50);
    expect(new Set(storeContract.map(({ name }) => name)).size).toBe(storeContract.length);
  });
});
