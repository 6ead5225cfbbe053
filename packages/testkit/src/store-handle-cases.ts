import type { CacheEntry, EntryHandle, HandlesCapability } from "@granary/core";
import { check, checkEqual } from "./check.js";
import { entryOf, keyOf, nowOf, type OpenStore, type StoreCase } from "./open-store.js";

const KEY = keyOf("placed");
const YEAR_MS = 365 * 86_400_000;

/** What `handles` promise: a place that is known is as good as a look-up, and never better. */
export const storeHandleCases: readonly StoreCase[] = [
  {
    name: "a place holds what a read finds, and where nothing is there is none",
    needs: "handles",
    async run(opened) {
      checkEqual(handlesOf(opened).of(KEY), undefined, "the place of what is not there");
      const handle = await placed(opened, "held");
      checkEqual(handle.value, "held", "the value at the place");
      checkEqual(handle.key, KEY, "the key of the place");
      checkEqual(handlesOf(opened).permits(handle, nowOf(opened)), true, "whether it may be given");
    },
  },
  ...[
    { change: "set again", make: ({ store }: OpenStore, entry: ReturnType<typeof entryOf>) => store.set(KEY, entry) },
    { change: "deleted", make: ({ store }: OpenStore) => store.delete(KEY) },
    {
      change: "set again among many",
      make: ({ store }: OpenStore, entry: ReturnType<typeof entryOf>) => store.many?.set([[KEY, entry]]),
    },
    { change: "deleted among many", make: ({ store }: OpenStore) => store.many?.delete([KEY]) },
  ].map(
    ({ change, make }): StoreCase => ({
      name: `a place is empty once its key is ${change}`,
      needs: "handles",
      async run(opened) {
        const handle = await placed(opened, "held");
        await make(opened, entryOf(opened, "other"));
        checkEqual(handle.value, undefined, "the value at the place");
        checkEqual(handlesOf(opened).permits(handle, nowOf(opened)), false, "whether it may be given");
      },
    }),
  ),
  {
    // A pair of tiers does not close its near store, which may hold the entry on.
    name: "nothing may be given at a place once the store is closed",
    needs: "handles",
    async run(opened) {
      const handle = await placed(opened, "held");
      await opened.store.close?.();
      checkEqual(handlesOf(opened).permits(handle, nowOf(opened)), false, "whether it may be given");
    },
  },
  {
    name: "a place that was emptied is not filled again",
    needs: "handles",
    async run(opened) {
      const handle = await placed(opened, "held");
      await opened.store.delete(KEY);
      const next = await placed(opened, "other");
      checkEqual([next.value, handle.value], ["other", undefined], "the values at the new place and at the old one");
      checkEqual(handlesOf(opened).permits(next, nowOf(opened)), true, "whether the new one may be given");
      checkEqual(handlesOf(opened).permits(handle, nowOf(opened)), false, "whether the old one may be given");
    },
  },
  {
    name: "nothing, where that was stored, may be given at its place",
    needs: "handles",
    async run(opened) {
      const handle = await placed(opened, undefined);
      checkEqual(handle.value, undefined, "the value at the place");
      checkEqual(handlesOf(opened).permits(handle, nowOf(opened)), true, "whether it may be given");
    },
  },
  {
    name: "what is fresh no longer is not to be had at its place, to the fraction of a millisecond",
    needs: "handles",
    async run(opened) {
      for (const until of [nowOf(opened) + 1_000, nowOf(opened) + 1_000.25]) {
        const handle = await placed(opened, "held", { freshUntil: until });
        checkEqual(handlesOf(opened).permits(handle, until - 0.125), true, "whether it may be given before");
        checkEqual(handlesOf(opened).permits(handle, until), false, "whether it may be given from then on");
      }
    },
  },
  {
    name: "what is fresh for years, or for ever, is to be had at its place",
    needs: "handles",
    async run(opened) {
      for (const until of [nowOf(opened) + 5 * YEAR_MS, Number.POSITIVE_INFINITY]) {
        const handle = await placed(opened, "held", { freshUntil: until, keepUntil: until });
        checkEqual(handlesOf(opened).permits(handle, nowOf(opened)), true, "whether it may be given");
      }
    },
  },
  {
    name: "what is invalidated is not to be had at its place either",
    needs: "handles",
    async run(opened) {
      const { store } = opened;
      const handle = await placed(opened, "held");
      checkEqual(handlesOf(opened).permits(handle, nowOf(opened)), true, "whether it may be given before");
      await store.invalidate?.({ scope: "granary:v1:contract" });
      checkEqual(await store.get(KEY), undefined, "what a read finds");
      checkEqual(handlesOf(opened).permits(handle, nowOf(opened)), false, "whether it may be given");
    },
  },
];

function handlesOf({ store }: OpenStore): HandlesCapability {
  check(store.handles !== undefined, "The store has no handles.");
  return store.handles;
}

async function placed(opened: OpenStore, value: unknown, life: Partial<CacheEntry> = {}): Promise<EntryHandle> {
  await opened.store.set(KEY, entryOf(opened, value, life));
  const handle = handlesOf(opened).of(KEY);
  check(handle !== undefined, "An entry that was set has no place.");
  return handle;
}
