import { check, checkEqual } from "./check.js";
import { keyTable } from "./key-table.js";
import { entryOf, keyOf, type OpenStore, type StoreCase } from "./open-store.js";

const COUNT = 300;

/** What `walk` promises. */
export const storeWalkCases: readonly StoreCase[] = [
  {
    name: "a walk finds every key under its glob and none outside",
    needs: "walk",
    async run(opened) {
      const users = Array.from({ length: COUNT }, (_, n) => `user:${n}`);
      await setAll(opened, [...users, "user", "users:1", "team:1", "User:1", "x:user:1"]);
      checkEqual(await walked(opened, `${keyOf("user:")}*`), sorted(users), "the keys under user:*");
    },
  },
  {
    name: "a star stands for any characters or none, a question mark for one",
    needs: "walk",
    async run(opened) {
      await setAll(opened, ["ab", "axb", "axyb", "a:/\nb", "axbc"]);
      checkEqual(await walked(opened, keyOf("a*b")), sorted(["ab", "axb", "axyb", "a:/\nb"]), "a*b");
      checkEqual(await walked(opened, keyOf("a?b")), ["axb"], "a?b");
      checkEqual(await walked(opened, keyOf("*x*b*")), sorted(["axb", "axyb", "axbc"]), "*x*b*");
    },
  },
  {
    name: "a glob without a wildcard finds its own key alone",
    needs: "walk",
    async run(opened) {
      await setAll(opened, ["one", "one:more", "o"]);
      checkEqual(await walked(opened, keyOf("one")), ["one"], "one");
    },
  },
  {
    name: "a glob that nothing matches finds nothing",
    needs: "walk",
    async run(opened) {
      await setAll(opened, ["one"]);
      checkEqual(await walked(opened, keyOf("two*")), [], "two*");
    },
  },
  {
    name: "a backslash makes the next character of a glob literal",
    needs: "walk",
    async run(opened) {
      await setAll(opened, ["a*b", "axb", "a?b", "a\\b", "a\\*b"]);
      checkEqual(await walked(opened, keyOf("a\\*b")), ["a*b"], "a\\*b");
      checkEqual(await walked(opened, keyOf("a\\?b")), ["a?b"], "a\\?b");
      checkEqual(await walked(opened, keyOf("a\\\\*b")), sorted(["a\\b", "a\\*b"]), "a\\\\*b");
    },
  },
  {
    name: "every other character of a glob is literal",
    needs: "walk",
    async run(opened) {
      await setAll(opened, ["[ab]", "a", "b", "{a,b}", "a.b", "axb", "a+", "aa", "(a|b)", "^a$", "a-c"]);
      for (const id of ["[ab]", "{a,b}", "a.b", "a+", "(a|b)", "^a$", "a-c"]) {
        checkEqual(await walked(opened, keyOf(id)), [id], id);
      }
    },
  },
  {
    name: "every odd key is found by its own escaped text",
    needs: "walk",
    async run(opened) {
      await setAll(opened, keyTable);
      for (const id of keyTable) {
        checkEqual(await walked(opened, keyOf(id).replace(/[*?\\]/g, "\\$&")), [id], "the walk for one odd key");
      }
    },
  },
  {
    name: "a walk goes through while keys are written and deleted, and finds all that stay",
    needs: "walk",
    async run(opened) {
      const staying = Array.from({ length: COUNT }, (_, n) => `s:${n}`);
      await setAll(opened, staying);
      await setAll(
        opened,
        Array.from({ length: COUNT }, (_, n) => `s:going-${n}`),
      );
      const found = new Set<string>();
      let step = 0;
      for await (const batch of opened.store.walk?.(`${keyOf("s:")}*`) ?? []) {
        for (const key of batch) found.add(key);
        await opened.store.set(keyOf(`s:new-${step}`), entryOf(opened, 1));
        await opened.store.set(keyOf(`s:${step}`), entryOf(opened, 2));
        await opened.store.delete(keyOf(`s:going-${step}`));
        step += 1;
      }
      check(step > 0, "The walk gave no batch.");
      const missed = staying.filter((id) => !found.has(keyOf(id)));
      checkEqual(missed, [], "keys that stayed and were not found");
    },
  },
  {
    name: "a walk may be left half-way, and another begun",
    needs: "walk",
    async run(opened) {
      const ids = Array.from({ length: COUNT }, (_, n) => `h:${n}`);
      await setAll(opened, ids);
      for await (const batch of opened.store.walk?.(`${keyOf("h:")}*`) ?? []) {
        if (batch.length > 0) break;
      }
      checkEqual(await walked(opened, `${keyOf("h:")}*`), sorted(ids), "the keys of the second walk");
    },
  },
];

async function setAll(opened: OpenStore, ids: readonly string[]): Promise<void> {
  await Promise.all(ids.map((id) => opened.store.set(keyOf(id), entryOf(opened, id))));
}

/** The ids that a walk finds, each once, sorted. Only ids of this contract's own namespace can be asked for. */
async function walked({ store }: OpenStore, glob: string): Promise<string[]> {
  check(store.walk !== undefined, "The store has no `walk`.");
  const keys = new Set<string>();
  for await (const batch of store.walk?.(glob) ?? []) for (const key of batch) keys.add(key);
  const prefix = keyOf("");
  return sorted([...keys].map((key) => (key.startsWith(prefix) ? key.slice(prefix.length) : `outside: ${key}`)));
}

function sorted(ids: readonly string[]): string[] {
  return [...ids].sort();
}
