import { isCacheError } from "@granary/core";
import { check, checkEqual } from "./check.js";
import { checkAbsent, entryOf, keyOf, present, type StoreCase } from "./open-store.js";

/** What `get`, `set`, `delete` and `close` promise. */
export const storeVerbCases: readonly StoreCase[] = [
  {
    name: "it has a name",
    async run({ store }) {
      check(typeof store.name === "string" && store.name !== "", "The store's `name` is not a text.");
    },
  },
  {
    name: "a key that was never set is absent",
    async run(opened) {
      await checkAbsent(opened, keyOf("never"));
    },
  },
  {
    name: "a second set replaces the value and everything that came with it",
    async run(opened) {
      const key = keyOf("replaced");
      await opened.store.set(key, entryOf(opened, "old", { tags: ["a"], etag: "1", lastModified: "x" }));
      await opened.store.set(key, entryOf(opened, "new"));
      const { value, tags, etag, lastModified } = await present(opened, key);
      checkEqual([value, tags, etag, lastModified], ["new", undefined, undefined, undefined], "the entry set last");
    },
  },
  {
    name: "delete says whether something was there, and nothing is there after it",
    async run(opened) {
      const key = keyOf("deleted");
      checkEqual(await opened.store.delete(key), false, "delete of an absent key");
      await opened.store.set(key, entryOf(opened, undefined));
      checkEqual(await opened.store.delete(key), true, "delete of a key that holds `undefined`");
      await checkAbsent(opened, key);
      checkEqual(await opened.store.delete(key), false, "a second delete");
    },
  },
  {
    name: "a key can be set again after its delete",
    async run(opened) {
      const key = keyOf("again");
      await opened.store.set(key, entryOf(opened, 1));
      await opened.store.delete(key);
      await opened.store.set(key, entryOf(opened, 2));
      checkEqual((await present(opened, key)).value, 2, "the value set last");
    },
  },
  {
    name: "calls at the same time do not disturb each other",
    async run(opened) {
      const ids = Array.from({ length: 50 }, (_, n) => keyOf(`concurrent-${n}`));
      await Promise.all(ids.map((key, n) => opened.store.set(key, entryOf(opened, n))));
      const reads = Promise.all(ids.map((key) => opened.store.get(key)));
      const entries = await reads;
      checkEqual(
        entries.map((entry) => entry?.value),
        ids.map((_, n) => n),
        "50 values read at once",
      );
      const deleted = await Promise.all(ids.map((key) => opened.store.delete(key)));
      check(
        deleted.every((was) => was === true),
        "One of 50 deletes at once found nothing.",
      );
      const left = await Promise.all(ids.map((key) => opened.store.get(key)));
      check(
        left.every((entry) => entry === undefined),
        "One of 50 deleted keys is still there.",
      );
    },
  },
  {
    name: "once it was closed it says so",
    needs: "close",
    async run(opened) {
      await opened.store.close?.();
      const calls = [
        async (): Promise<unknown> => opened.store.get(keyOf("closed")),
        async (): Promise<unknown> => opened.store.set(keyOf("closed"), entryOf(opened, 1)),
        async (): Promise<unknown> => opened.store.delete(keyOf("closed")),
      ];
      for (const call of calls) {
        const error: unknown = await call().then(
          () => undefined,
          (reason: unknown) => reason,
        );
        check(isCacheError(error, "CLOSED"), "A store that was closed does not say `CLOSED`.");
      }
    },
  },
  {
    name: "close may be called twice, and at once",
    needs: "close",
    async run(opened) {
      await opened.store.set(keyOf("closed"), entryOf(opened, 1));
      await Promise.all([opened.store.close?.(), opened.store.close?.()]);
      await opened.store.close?.();
    },
  },
];
