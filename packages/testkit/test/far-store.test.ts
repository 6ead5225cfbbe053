import type { Awaitable, CacheStore, Generation, Invalidation, LeasesCapability, ManyCapability } from "@granary/core";
import { farStore, runStoreContract, type StoreCapability, type StoreSubject } from "@granary/testkit";
import { describe, expect, test } from "vitest";
import { openHeld } from "./held-line.js";
import { recordingRunner } from "./recording-runner.js";

const capabilities: readonly StoreCapability[] = [
  "many",
  "walk",
  "admits",
  "invalidate",
  "expire",
  "leases",
  "undoes",
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
    "it forgets the namespace and hears of tags alone",
    "an entry is gone that was set before its namespace was cleared",
    (store) => ({ ...store, invalidate: ({ scope, tags = [] }) => invalidated(store, { scope, tags }) }),
  ],
  [
    "it takes a tag for the whole namespace",
    "a tag takes the entries that carry it, and no others",
    (store) => ({ ...store, invalidate: ({ scope }) => invalidated(store, { scope }) }),
  ],
  [
    "it invalidates the parent with its child",
    "an invalidation of a namespace is one of its children, and not the other way round",
    (store) => ({
      ...store,
      invalidate: ({ scope, tags }) => invalidated(store, { scope: scope.split("/")[0] ?? "", ...(tags && { tags }) }),
    }),
  ],
  [
    "it gives out a sequence twice",
    "each invalidation of a namespace has a later sequence than the one before",
    (store) => ({ ...store, invalidate: async (what) => ({ ...(await invalidated(store, what)), sequence: 1 }) }),
  ],
  [
    "its fill carries the generations of the moment when it is written",
    "a load carries the generations that stood before it began",
    withLeases((leases) => ({
      fill: async (key, entry, { token }) => {
        const now = await leases.acquire(key, token);
        return now.type === "granted" && leases.fill(key, entry, { token, generations: now.generations });
      },
    })),
  ],
  [
    "its expire deletes",
    "expire makes a fresh entry stale, and keeps what it carries",
    (store) => ({ ...store, expire: (key) => store.delete(key) }),
  ],
  [
    "its expire leaves the lease alone where nothing is there",
    "expire ends the lease of a key",
    (store) => ({
      ...store,
      expire: async (key, terms) => (await store.get(key)) !== undefined && store.expire?.(key, terms) === true,
    }),
  ],
  [
    "its expire keeps what may not be served as stale",
    "expire deletes what may not be served as stale, and finds nothing where nothing is",
    (store) => ({
      ...store,
      expire: async (key, { now }) => (await store.expire?.(key, { now, staleMs: 1e9 })) === true,
    }),
  ],
  [
    "it leaves what was given up",
    "a set that was given up before the server did it leaves nothing",
    (store) => ({ ...store, set: (key, entry) => store.set(key, entry) }),
  ],
  [
    "it leaves what was given up of many",
    "a set of many that was given up leaves nothing",
    (store) => ({
      ...store,
      many: { ...(store.many as ManyCapability), set: async (entries) => store.many?.set(entries) },
    }),
  ],
  [
    "it undoes what was given up only when it is done",
    "what is written behind a set that was given up stays",
    (store) => ({
      ...store,
      set: async (key, entry, { attempt } = {}) => {
        const done = Promise.resolve(store.set(key, entry));
        attempt?.onGiveUp(() => void done.then(() => store.delete(key)));
        await done;
      },
    }),
  ],
  [
    "it undoes whatever it is given an attempt with",
    "a set that was waited for is not undone",
    (store) => ({
      ...store,
      set: async (key, entry, options) => {
        await store.set(key, entry, options);
        if (options?.attempt !== undefined) await store.delete(key);
      },
    }),
  ],
];

function withLeases(
  bend: (leases: LeasesCapability, store: CacheStore) => Partial<LeasesCapability>,
): (store: CacheStore) => CacheStore {
  return (store) => {
    const leases = store.leases as LeasesCapability;
    return { ...store, leases: { ...leases, ...bend(leases, store) } };
  };
}

function invalidated(store: CacheStore, invalidation: Invalidation): Awaitable<Generation> {
  return (store.invalidate as NonNullable<CacheStore["invalidate"]>)(invalidation);
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
