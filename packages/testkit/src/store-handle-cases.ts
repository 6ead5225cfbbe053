import type { EntryHandle, HandlesCapability } from "@granary/core";
import { check, checkEqual } from "./check.js";
import { entryOf, keyOf, nowOf, type OpenStore, type StoreCase } from "./open-store.js";

const KEY = keyOf("placed");

/** What `handles` promise: a place that is known is as good as a look-up, and never better. */
export const storeHandleCases: readonly StoreCase[] = [
  {
    name: "a place holds what a read finds, and where nothing is there is none",
    needs: "handles",
    async run(opened) {
      checkEqual(handlesOf(opened).of(KEY), undefined, "the place of what is not there");
      const handle = await placed(opened, "held");
      checkEqual(handle.entry?.value, "held", "the value at the place");
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
    { change: "closed", make: ({ store }: OpenStore) => store.close?.() },
  ].map(
    ({ change, make }): StoreCase => ({
      name: `a place is empty once its key is ${change}`,
      needs: "handles",
      async run(opened) {
        const handle = await placed(opened, "held");
        await make(opened, entryOf(opened, "other"));
        checkEqual(handle.entry, undefined, "the entry at the place");
        checkEqual(handlesOf(opened).permits(handle, nowOf(opened)), false, "whether it may be given");
      },
    }),
  ),
  {
    name: "what is invalidated is not to be had at its place either",
    needs: "handles",
    async run(opened) {
      const { store } = opened;
      const handle = await placed(opened, "held");
      checkEqual(handlesOf(opened).permits(handle, nowOf(opened)), true, "whether it may be given before");
      await store.invalidate?.({ scope: "granary:v1:contract" }, nowOf(opened) + 1);
      checkEqual(await store.get(KEY), undefined, "what a read finds");
      checkEqual(handlesOf(opened).permits(handle, nowOf(opened)), false, "whether it may be given");
    },
  },
];

function handlesOf({ store }: OpenStore): HandlesCapability {
  check(store.handles !== undefined, "The store has no handles.");
  return store.handles;
}

async function placed(opened: OpenStore, value: string): Promise<EntryHandle> {
  await opened.store.set(KEY, entryOf(opened, value));
  const handle = handlesOf(opened).of(KEY);
  check(handle !== undefined, "An entry that was set has no place.");
  return handle;
}
