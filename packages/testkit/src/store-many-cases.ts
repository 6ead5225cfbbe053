import type { ManyCapability } from "@granary/core";
import { check, checkEqual } from "./check.js";
import { keyTable } from "./key-table.js";
import { checkAbsent, entryOf, keyOf, nowOf, type OpenStore, present, type StoreCase } from "./open-store.js";

const COUNT = 500;

/** What `many` promises. */
export const storeManyCases: readonly StoreCase[] = [
  {
    name: "many keys are read in the order asked for, absent ones as undefined",
    needs: "many",
    async run(opened) {
      for (const id of ["c", "a", "b"]) await opened.store.set(keyOf(id), entryOf(opened, id));
      checkEqual(await valuesOf(opened, ["b", "none", "a", "c"]), ["b", undefined, "a", "c"], "four keys");
    },
  },
  {
    name: "a key that is asked for twice is answered twice",
    needs: "many",
    async run(opened) {
      await opened.store.set(keyOf("a"), entryOf(opened, 1));
      checkEqual(await valuesOf(opened, ["a", "none", "a", "none"]), [1, undefined, 1, undefined], "keys asked twice");
    },
  },
  {
    name: "no keys at all are no work",
    needs: "many",
    async run(opened) {
      checkEqual([...(await manyOf(opened).get([]))], [], "get of no keys");
      await manyOf(opened).set([]);
      checkEqual([...(await manyOf(opened).delete([]))], [], "delete of no keys");
    },
  },
  {
    name: "many entries are set at once, each with its own deadlines and tags",
    needs: "many",
    async run(opened) {
      const now = nowOf(opened);
      const pairs = Array.from({ length: COUNT }, (_, n) => {
        const life = { freshUntil: now + 60_000 + n, keepUntil: n % 2 === 0 ? Infinity : now + 90_000 + n };
        return [keyOf(`m-${n}`), entryOf(opened, { n }, { ...life, tags: [`t-${n}`] })] as const;
      });
      await manyOf(opened).set(pairs);
      for (const [key, { value, freshUntil, keepUntil, tags }] of pairs.slice(0, 10)) {
        const read = await present(opened, key);
        const expected = { value, freshUntil, keepUntil, tags };
        const { value: v, freshUntil: f, keepUntil: k, tags: t } = read;
        checkEqual({ value: v, freshUntil: f, keepUntil: k, tags: t }, expected, `the entry under ${key}`);
      }
      const values = await valuesOf(
        opened,
        pairs.map((_, n) => `m-${n}`),
      );
      checkEqual(
        values,
        pairs.map((_, n) => ({ n })),
        `${COUNT} values`,
      );
    },
  },
  {
    name: "of many entries those that are gone are not returned",
    needs: "many",
    async run(opened) {
      const now = nowOf(opened);
      const gone = entryOf(opened, 2, { createdAt: now - 9, freshUntil: now - 5, keepUntil: now });
      const stale = entryOf(opened, 3, { createdAt: now - 9, freshUntil: now - 5 });
      await opened.store.set(keyOf("gone"), entryOf(opened, 0));
      await manyOf(opened).set([
        [keyOf("live"), entryOf(opened, 1)],
        [keyOf("gone"), gone],
        [keyOf("stale"), stale],
      ]);
      checkEqual(await valuesOf(opened, ["gone", "live", "stale"]), [undefined, 1, 3], "three keys");
    },
  },
  {
    name: "of two entries under one key in one call the last one stays",
    needs: "many",
    async run(opened) {
      const key = keyOf("twice");
      await manyOf(opened).set([
        [key, entryOf(opened, "first")],
        [key, entryOf(opened, "last")],
      ]);
      checkEqual((await present(opened, key)).value, "last", "the value under a key set twice");
    },
  },
  {
    name: "many deletes say of each key whether it was there, and leave the others",
    needs: "many",
    async run(opened) {
      for (const id of ["a", "b", "c"]) await opened.store.set(keyOf(id), entryOf(opened, id));
      const existed = await manyOf(opened).delete(["a", "none", "b", "a"].map(keyOf));
      checkEqual([...existed], [true, false, true, false], "whether four keys were there, the last of them once more");
      checkEqual(await valuesOf(opened, ["a", "b", "c"]), [undefined, undefined, "c"], "what is left");
    },
  },
  {
    name: "odd keys go through the many-verbs unharmed",
    needs: "many",
    async run(opened) {
      await manyOf(opened).set(keyTable.map((id) => [keyOf(id), entryOf(opened, id)] as const));
      checkEqual(await valuesOf(opened, keyTable), [...keyTable], "the values under odd keys");
      const existed = await manyOf(opened).delete(keyTable.map(keyOf));
      checkEqual(
        [...existed],
        keyTable.map(() => true),
        "whether odd keys were there",
      );
      for (const id of keyTable) await checkAbsent(opened, keyOf(id));
    },
  },
];

function manyOf({ store }: OpenStore): ManyCapability {
  check(store.many !== undefined, "The store has no `many`.");
  return store.many;
}

async function valuesOf(opened: OpenStore, ids: readonly string[]): Promise<unknown[]> {
  const entries = await manyOf(opened).get(ids.map(keyOf));
  checkEqual(entries.length, ids.length, "the number of answers");
  return entries.map((entry) => entry?.value);
}
