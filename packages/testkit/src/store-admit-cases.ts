import type { Admit, CacheEntry } from "@granary/core";
import { checkEqual } from "./check.js";
import { checkAbsent, entryOf, keyOf, type OpenStore, type StoreCase } from "./open-store.js";

/** What `admits` promises. A store that declares it and does not decode never calls `admit`. */
export const storeAdmitCases: readonly StoreCase[] = [
  {
    name: "a store that decodes says that it admits",
    needs: "decodes",
    async run({ store }) {
      checkEqual(store.admits, true, "`admits` of a store that calls `admit`");
    },
  },
  {
    name: "each read passes its entry through admit once, with its key",
    needs: "decodes",
    async run(opened) {
      const { admit, seen } = recordingAdmit((entry) => entry);
      await opened.store.set(keyOf("a"), entryOf(opened, "A"));
      await opened.store.get(keyOf("a"), undefined, admit);
      await opened.store.get(keyOf("none"), undefined, admit);
      checkEqual(seen, [[keyOf("a"), "A"]], "what admit was shown");
    },
  },
  {
    name: "what admit answers is what the reader gets",
    needs: "decodes",
    async run(opened) {
      await opened.store.set(keyOf("a"), entryOf(opened, "A"));
      checkEqual(await readValue(opened, (entry) => ({ ...entry, value: "other" })), "other", "a replaced value");
      checkEqual(await readValue(opened, () => undefined), undefined, "an entry that was turned down");
      checkEqual(await readValue(opened, async (entry) => ({ ...entry, value: "later" })), "later", "a promised one");
    },
  },
  {
    name: "what admit answers to one reader is not stored",
    needs: "decodes",
    async run(opened) {
      await opened.store.set(keyOf("a"), entryOf(opened, "A"));
      await readValue(opened, (entry) => ({ ...entry, value: "other" }));
      checkEqual((await opened.store.get(keyOf("a")))?.value, "A", "the value of the next reader");
    },
  },
  {
    name: "a gone entry is not returned, whatever admit answers",
    needs: "decodes",
    async run(opened) {
      await opened.store.set(keyOf("gone"), entryOf(opened, 1, { createdAt: 0, freshUntil: 1, keepUntil: 2 }));
      await opened.store.get(keyOf("gone"), undefined, (_key, entry) => entry);
      await checkAbsent(opened, keyOf("gone"));
    },
  },
];

function recordingAdmit(answer: (entry: CacheEntry) => CacheEntry | undefined) {
  const seen: Array<readonly [key: string, value: unknown]> = [];
  const admit: Admit = (key, entry) => {
    seen.push([key, entry.value]);
    return answer(entry);
  };
  return { admit, seen };
}

async function readValue(opened: OpenStore, answer: (entry: CacheEntry) => ReturnType<Admit>): Promise<unknown> {
  const entry = await opened.store.get(keyOf("a"), undefined, (_key, found) => answer(found));
  return entry?.value;
}
