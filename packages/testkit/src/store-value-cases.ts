import { checkEqual } from "./check.js";
import { entryOf, keyOf, present, type StoreCase } from "./open-store.js";
import { valueTable } from "./value-table.js";

/** That a value and what belongs to it come back as they went in. */
export const storeValueCases: readonly StoreCase[] = [
  ...valueTable.map(
    ({ name, make }): StoreCase => ({
      name: `it carries a value unchanged: ${name}`,
      async run(opened) {
        const key = keyOf("value");
        await opened.store.set(key, entryOf(opened, make()));
        checkEqual((await present(opened, key)).value, make(), "the value read back");
      },
    }),
  ),
  {
    name: "tags and validators come back as they were",
    async run(opened) {
      const tags = ["team:7", "a b", "{x}", 'say "hi"', "line\nbreak", "žluťoučký 🐎", "-"];
      const more = { tags, etag: 'W/"a b\\"', lastModified: "Wed, 21 Oct 2015 07:28:00 GMT" };
      const key = keyOf("tagged");
      await opened.store.set(key, entryOf(opened, 1, more));
      const { tags: sameTags, etag, lastModified } = await present(opened, key);
      checkEqual({ tags: sameTags, etag, lastModified }, more, "tags, etag and lastModified");
    },
  },
  {
    name: "set leaves the entry that it was given as it was",
    async run(opened) {
      const makeEntry = () => ({ value: { list: [1, { n: 2 }] }, createdAt: 1, freshUntil: 2, keepUntil: Infinity });
      const entry = makeEntry();
      await opened.store.set(keyOf("given"), entry);
      checkEqual(entry, makeEntry(), "the entry after the set");
      entry.value.list.push(3);
    },
  },
  {
    name: "what a reader does to a value is not seen by the next reader",
    needs: "copies",
    async run(opened) {
      const key = keyOf("mutated");
      await opened.store.set(key, entryOf(opened, mutable(), { tags: ["a"] }));
      mutateAll(await present(opened, key));
      const { value, tags } = await present(opened, key);
      checkEqual({ value, tags }, { value: mutable(), tags: ["a"] }, "the entry after another reader's changes");
    },
  },
  {
    name: "what a writer does to a value after its set is not seen by a reader",
    needs: "copies",
    async run(opened) {
      const [key, value] = [keyOf("kept"), mutable()];
      await opened.store.set(key, entryOf(opened, value));
      mutateAll({ value });
      checkEqual((await present(opened, key)).value, mutable(), "the value after its writer's changes");
    },
  },
];

interface Mutable {
  nested: { list: unknown[]; deep: { n: number } };
  date: Date;
  map: Map<string, unknown>;
  set: Set<unknown>;
  bytes: Uint8Array;
}

function mutable(): Mutable {
  return {
    nested: { list: [1, 2], deep: { n: 1 } },
    date: new Date(1_000),
    map: new Map([["a", { n: 1 }]]),
    set: new Set([1]),
    bytes: Uint8Array.of(1, 2, 3),
  };
}

/** Tries every change; a store whose values throw on a change is as good as one that gives copies. */
function mutateAll(entry: { readonly value: unknown; readonly tags?: readonly string[] | undefined }): void {
  const value = entry.value as Mutable;
  const changes: ReadonlyArray<() => unknown> = [
    () => value.nested.list.push(3),
    () => value.nested.list.reverse(),
    () => Reflect.set(value.nested.deep, "n", 2),
    () => Reflect.deleteProperty(value, "nested"),
    () => value.date.setTime(0),
    () => value.map.set("b", 2),
    () => Reflect.set(value.map.get("a") as object, "n", 2),
    () => value.map.clear(),
    () => value.set.add(2),
    () => value.set.delete(1),
    () => value.bytes.fill(9),
    () => (entry.tags as string[] | undefined)?.push("b"),
  ];
  for (const change of changes) attempt(change);
}

function attempt(change: () => unknown): void {
  try {
    change();
  } catch {
    // Refusing is one of the two ways to keep others from seeing a change.
  }
}
