import type { MissedChange } from "@granary/core";
import { check, checkEqual } from "./check.js";
import { checkAbsent, entryOf, keyOf, nowOf, type OpenStore, present, type StoreCase } from "./open-store.js";

const KEY = keyOf("missed");

/** What `replay` promises: a change that was missed is made, and nothing newer is undone by it. */
export const storeReplayCases: readonly StoreCase[] = [
  {
    name: "a value that was missed is written where nothing is",
    needs: "replay",
    async run(opened) {
      checkEqual(await replay(opened, valueAt(opened, nowOf(opened), "missed")), true, "whether it was written");
      checkEqual((await present(opened, KEY)).value, "missed", "the value");
    },
  },
  {
    name: "a value that was missed takes the place of an older one, and of itself",
    needs: "replay",
    async run(opened) {
      const missed = valueAt(opened, nowOf(opened), "missed");
      await opened.store.set(KEY, entryOf(opened, "older", { createdAt: missed.at - 10 }));
      checkEqual(await replay(opened, missed), true, "whether it was written");
      checkEqual(await replay(opened, missed), true, "whether it was written again");
      checkEqual((await present(opened, KEY)).value, "missed", "the value");
    },
  },
  {
    name: "a change that was missed undoes nothing newer",
    needs: "replay",
    async run(opened) {
      const at = nowOf(opened);
      await opened.store.set(KEY, entryOf(opened, "newer", { createdAt: at }));
      checkEqual(await replay(opened, valueAt(opened, at - 10, "missed")), false, "whether the value was written");
      checkEqual(await replay(opened, { at: at - 10 }), false, "whether it was deleted");
      checkEqual((await present(opened, KEY)).value, "newer", "the value");
    },
  },
  {
    name: "a deletion that was missed removes what is older",
    needs: "replay",
    async run(opened) {
      const at = nowOf(opened);
      await opened.store.set(KEY, entryOf(opened, "older", { createdAt: at - 10 }));
      checkEqual(await replay(opened, { at }), true, "whether it was deleted");
      await checkAbsent(opened, KEY);
    },
  },
  {
    name: "a value that was missed does not come back after a later deletion, also one that found nothing",
    needs: "replay",
    async run(opened) {
      const missed = valueAt(opened, nowOf(opened) - 10, "missed");
      await opened.store.delete(KEY);
      checkEqual(await replay(opened, missed), false, "whether it was written");
      await checkAbsent(opened, KEY);
    },
  },
  {
    name: "a value that was missed does not come back after a later deletion that was missed too",
    needs: "replay",
    async run(opened) {
      const at = nowOf(opened);
      checkEqual(await replay(opened, { at: at - 5 }), true, "whether it was deleted");
      checkEqual(await replay(opened, valueAt(opened, at - 10, "missed")), false, "whether it was written");
      await checkAbsent(opened, KEY);
      checkEqual(await replay(opened, valueAt(opened, at, "later")), true, "whether a later one was written");
    },
  },
  {
    name: "of a value that a missed change made stale and one that came between the two neither is kept",
    needs: "replay",
    async run(opened) {
      const { at, entry } = valueAt(opened, nowOf(opened) - 10, "stale");
      await opened.store.set(KEY, entryOf(opened, "between", { createdAt: at + 5 }));
      checkEqual(await replay(opened, { at: at + 10, entry }), false, "whether it was written");
      await checkAbsent(opened, KEY);
    },
  },
  {
    name: "of a value that was missed and one that is being loaded neither is kept",
    needs: "replay",
    async run(opened) {
      const { leases } = opened.store;
      if (leases === undefined) return;
      checkEqual((await leases.acquire(KEY, "a")).type, "granted", "the answer to who asks for the lease");
      checkEqual(await replay(opened, valueAt(opened, nowOf(opened), "missed")), false, "whether it was written");
      checkEqual(await leases.fill(KEY, entryOf(opened, "loaded"), { token: "a" }), false, "the fill");
      await checkAbsent(opened, KEY);
    },
  },
];

function valueAt(opened: OpenStore, at: number, value: string): MissedChange {
  return { at, entry: entryOf(opened, value, { createdAt: at }) };
}

async function replay({ store }: OpenStore, change: MissedChange): Promise<boolean> {
  check(store.replay !== undefined, "The store has no replay.");
  return store.replay(KEY, change);
}
