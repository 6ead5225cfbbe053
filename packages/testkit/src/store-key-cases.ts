import { check, checkEqual } from "./check.js";
import { keyTable } from "./key-table.js";
import { checkAbsent, entryOf, keyOf, present, type StoreCase } from "./open-store.js";

/** That a key is a text, compared character by character. */
export const storeKeyCases: readonly StoreCase[] = [
  {
    name: "no two different keys share an entry",
    async run(opened) {
      for (const id of keyTable) await opened.store.set(keyOf(id), entryOf(opened, id));
      for (const id of keyTable) checkEqual((await present(opened, keyOf(id))).value, id, "the value under an odd key");
    },
  },
  {
    name: "delete takes away one key and no other, whatever the key looks like",
    async run(opened) {
      for (const id of keyTable) {
        for (const each of ["neighbour", id]) await opened.store.set(keyOf(each), entryOf(opened, each));
        checkEqual(await opened.store.delete(keyOf(id)), true, "delete of an odd key");
        await checkAbsent(opened, keyOf(id));
        check((await opened.store.get(keyOf("neighbour"))) !== undefined, `Deleting ${id.slice(0, 80)} took another.`);
      }
    },
  },
  {
    name: "odd keys that were never set are absent",
    async run(opened) {
      for (const id of keyTable) await checkAbsent(opened, keyOf(id));
      for (const bare of ["__proto__", "constructor", "toString"]) await checkAbsent(opened, bare);
    },
  },
];
