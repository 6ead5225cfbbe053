import { CacheError, type CacheStore, type LeasesCapability, type MarksCapability } from "@granary/core";
import { farStore, runStoreContract, type StoreCapability, type StoreSubject } from "@granary/testkit";
import { describe, expect, test } from "vitest";
import { openHeld } from "./held-line.js";
import { recordingRunner } from "./recording-runner.js";

const capabilities: readonly StoreCapability[] = [
  "many",
  "walk",
  "admits",
  "marks",
  "leases",
  "replay",
  "giveUpAfter",
  "decodes",
  "copies",
];

describe("a far store holds the contract", () => {
  runStoreContract({ capabilities, open: ({ clock }) => openHeld(farStore({ clock })) }, test);
});

test("two views share what the server holds, and nothing by reference", async () => {
  const far = farStore();
  const [a, b] = [far.connect(), far.connect()];
  const value = { n: 1 };
  const never = Number.POSITIVE_INFINITY;
  await a.set("k", { value, createdAt: 0, freshUntil: never, keepUntil: never });
  value.n = 2;
  const found = await b.get("k");
  expect(found?.value).toEqual({ n: 1 });
  Reflect.set(found?.value as object, "n", 3);
  expect((await a.get("k"))?.value).toEqual({ n: 1 });
});

/** What a broken far store does in place of the sound one, with the case that has to notice. */
const PLANTED: ReadonlyArray<readonly [bug: string, noticedBy: string, plant: (store: CacheStore) => CacheStore]> = [
  [
    "its fill asks for no lease",
    "nobody fills without a lease, or with another's",
    withLeases((_leases, store) => ({
      fill: async (key, entry) => {
        if (entry === undefined) return store.delete(key);
        await store.set(key, entry);
        return true;
      },
    })),
  ],
  [
    "its fill with nothing leaves what is there",
    "a fill with nothing deletes the key under the lease, and nothing without it",
    withLeases((leases) => ({
      fill: async (key, entry, claim) => {
        if (entry !== undefined) return leases.fill(key, entry, claim);
        await leases.release(key, claim.token);
        return true;
      },
    })),
  ],
  [
    "it does not tell one holder from another",
    "of many who ask for a lease one gets it, and the others are told how long it lasts",
    withLeases((leases) => ({
      acquire: async (key, token) => ({ ...(await leases.acquire(key, token)), holder: token }),
    })),
  ],
  [
    "it gives a lease to whoever asks",
    "of many who ask for a lease one gets it, and the others are told how long it lasts",
    withLeases(() => ({ acquire: () => ({ type: "granted", entry: undefined }) })),
  ],
  [
    "its delete leaves the lease alone",
    "a delete ends the lease of its key, also where nothing is there",
    (store) => ({ ...store, delete: async (key) => (await store.get(key)) !== undefined && store.delete(key) }),
  ],
  [
    "it renews what is lost",
    "a lease is renewed by its holder while it stands, and by nobody else",
    withLeases(() => ({ renew: () => true })),
  ],
  [
    "it does not listen for how long a lease is renewed",
    "a lease that is renewed for longer lasts as long",
    withLeases((leases) => ({ renew: (key, token) => leases.renew(key, token) })),
  ],
  [
    "the last mark counts, not the highest",
    "a mark only rises, in whatever order and however often it is raised",
    lastMarkWins,
  ],
  [
    "it answers marks of tags in an order of its own",
    "tags, their namespaces and other namespaces have marks of their own",
    withMarks((marks) => ({ readTags: async (scope, tags) => [...(await marks.readTags(scope, tags))].reverse() })),
  ],
  [
    "it cuts the fraction off a mark",
    "a mark is raised at least to what was asked for, to the fraction",
    withMarks((marks) => ({ raise: async (what, atLeast) => Math.floor(await marks.raise(what, atLeast)) })),
  ],
  [
    "it does not listen when it is told how long it is waited for",
    "a set that is late is rejected, and leaves what is there",
    (store) => ({ ...store, giveUpAfter: () => {} }),
  ],
  [
    "it says that a late set was not done, and does it",
    "a set that is late is rejected, and leaves what is there",
    (store) => ({
      ...store,
      set: async (key, entry) => {
        try {
          await store.set(key, entry);
        } catch (error) {
          await store.replay?.(key, { at: entry.createdAt, entry });
          throw error;
        }
      },
    }),
  ],
  [
    "it takes a late lease",
    "a question for a lease that is late is rejected, and leaves the lease to others",
    withLeases((leases) => ({
      acquire: async (key, token) => {
        try {
          return await leases.acquire(key, token);
        } catch (error) {
          await leases.acquire(key, token);
          throw error;
        }
      },
    })),
  ],
  [
    "it refuses a late delete",
    "a delete that is late is done: nobody knows whether what is there is too old",
    (store) => ({ ...store, delete: async (key) => ((await isHeldBack(store)) ? tooLate() : store.delete(key)) }),
  ],
  [
    "it gives up by itself",
    "nothing is late as long as nobody has said when",
    (store) => ({
      ...store,
      set: async (key, entry) => ((await isHeldBack(store)) ? tooLate() : store.set(key, entry)),
    }),
  ],
  ["the first limit counts", "the longest of several limits counts, and what is within it is done", firstLimitCounts],
];

function withLeases(
  bend: (leases: LeasesCapability, store: CacheStore) => Partial<LeasesCapability>,
): (store: CacheStore) => CacheStore {
  return (store) => {
    const leases = store.leases as LeasesCapability;
    return { ...store, leases: { ...leases, ...bend(leases, store) } };
  };
}

function withMarks(bend: (marks: MarksCapability) => Partial<MarksCapability>): (store: CacheStore) => CacheStore {
  return (store) => {
    const marks = store.marks as MarksCapability;
    return { ...store, marks: { ...marks, ...bend(marks) } };
  };
}

/** Whether what is asked of the server now comes to it later than now. */
async function isHeldBack(store: CacheStore): Promise<boolean> {
  const askedAt = store.clock?.now();
  await store.get("any");
  return store.clock?.now() !== askedAt;
}

function tooLate(): Promise<never> {
  return Promise.reject(new CacheError("STORE_TIMEOUT", "This has come too late."));
}

function firstLimitCounts(store: CacheStore): CacheStore {
  let isTold = false;
  const giveUpAfter = (ms: number): void => {
    if (!isTold) store.giveUpAfter?.(ms);
    isTold = true;
  };
  return { ...store, giveUpAfter };
}

function lastMarkWins(store: CacheStore): CacheStore {
  let last = Number.NEGATIVE_INFINITY;
  const marks: MarksCapability = {
    raise: (_what, atLeast) => {
      last = atLeast;
      return atLeast;
    },
    read: (scopes) => scopes.map(() => ({ clearedAt: last, taggedAt: last })),
    readTags: (_scope, tags) => tags.map(() => last),
  };
  return { ...store, marks };
}

describe("a broken far store is found out", () => {
  test.each(PLANTED)("%s", async (_bug, noticedBy, plant) => {
    const runner = recordingRunner();
    const open: StoreSubject["open"] = ({ clock }) => {
      const opened = openHeld(farStore({ clock }));
      return { ...opened, store: plant(opened.store) };
    };
    runStoreContract({ capabilities, open }, runner.test);
    expect([...(await runner.failures()).keys()]).toContain(noticedBy);
  });
});
