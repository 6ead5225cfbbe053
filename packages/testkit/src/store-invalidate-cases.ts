import type { Generation, Invalidation } from "@granary/core";
import { check, checkEqual } from "./check.js";
import { checkAbsent, entryOf, keyOf, type OpenStore, present, type StoreCase } from "./open-store.js";

const SCOPE = "granary:v1:contract";
const OTHER = "granary:v1:contract/child";

/** What a store promises that gives out nothing that was invalidated. */
export const storeInvalidateCases: readonly StoreCase[] = [
  {
    name: "an entry is gone that was set before its namespace was cleared",
    needs: "invalidate",
    async run(opened) {
      await opened.store.set(keyOf("1"), entryOf(opened, 1));
      await opened.store.set("granary:v1:elsewhere:1", entryOf(opened, 1));
      await invalidate(opened, { scope: SCOPE });
      check((await opened.store.get(keyOf("1"))) === undefined, "A cleared entry was given.");
      check((await opened.store.get("granary:v1:elsewhere:1")) !== undefined, "An entry of another namespace is gone.");
    },
  },
  {
    name: "a tag takes the entries that carry it, and no others",
    needs: "invalidate",
    async run(opened) {
      const { store } = opened;
      await store.set(keyOf("with"), entryOf(opened, 1, { tags: ["a", "t"] }));
      await store.set(keyOf("other"), entryOf(opened, 1, { tags: ["u"] }));
      await store.set(keyOf("none"), entryOf(opened, 1));
      await invalidate(opened, { scope: SCOPE, tags: ["t"] });
      check((await store.get(keyOf("with"))) === undefined, "An entry of an invalidated tag was given.");
      check((await store.get(keyOf("other"))) !== undefined, "An entry of another tag is gone.");
      check((await store.get(keyOf("none"))) !== undefined, "An entry without tags is gone.");
    },
  },
  {
    name: "an invalidation of a namespace is one of its children, and not the other way round",
    needs: "invalidate",
    async run(opened) {
      const child = `${OTHER}:1`;
      await opened.store.set(child, entryOf(opened, 1));
      await opened.store.set(keyOf("1"), entryOf(opened, 1));
      await invalidate(opened, { scope: OTHER });
      check((await opened.store.get(child)) === undefined, "A cleared entry of a child was given.");
      check((await opened.store.get(keyOf("1"))) !== undefined, "An entry of the parent is gone.");
      await opened.store.set(child, entryOf(opened, 1));
      await invalidate(opened, { scope: SCOPE });
      check((await opened.store.get(child)) === undefined, "An entry of a child outlived a clear of the parent.");
    },
  },
  {
    name: "what is set after an invalidation stays",
    needs: "invalidate",
    async run(opened) {
      await invalidate(opened, { scope: SCOPE });
      await invalidate(opened, { scope: SCOPE, tags: ["t"] });
      await opened.store.set(keyOf("1"), entryOf(opened, 1, { tags: ["t"] }));
      checkEqual((await present(opened, keyOf("1"))).value, 1, "the value");
      await invalidate(opened, { scope: SCOPE, tags: ["other"] });
      checkEqual((await present(opened, keyOf("1"))).value, 1, "the value after the invalidation of another tag");
    },
  },
  {
    name: "each invalidation of a namespace has a later sequence than the one before",
    needs: "invalidate",
    async run(opened) {
      const first = await invalidate(opened, { scope: SCOPE });
      const second = await invalidate(opened, { scope: SCOPE, tags: ["t"] });
      const third = await invalidate(opened, { scope: SCOPE });
      checkEqual([second.epoch, third.epoch], [first.epoch, first.epoch], "the epochs");
      check(first.sequence < second.sequence && second.sequence < third.sequence, "A sequence did not go up.");
    },
  },
  {
    name: "a tag has any name, and invalidations at once all count",
    needs: "invalidate",
    async run(opened) {
      const tags = ["é:*{}", "t 1", "__proto__", "e", ...Array.from({ length: 20 }, (_, n) => `t${n}`)];
      for (const tag of tags) await opened.store.set(keyOf(tag), entryOf(opened, 1, { tags: [tag] }));
      await opened.store.set(keyOf("other"), entryOf(opened, 1, { tags: ["other"] }));
      await Promise.all(tags.map((tag) => invalidate(opened, { scope: SCOPE, tags: [tag] })));
      for (const tag of tags) await checkAbsent(opened, keyOf(tag));
      checkEqual((await present(opened, keyOf("other"))).value, 1, "the value of another tag");
    },
  },
  {
    name: "a load carries the generations that stood before it began",
    needs: "leases",
    async run(opened) {
      const { leases } = opened.store;
      check(leases !== undefined, "The store has no `leases`.");
      for (const invalidation of [{ scope: SCOPE }, { scope: SCOPE, tags: ["t"] }]) {
        const answer = await leases.acquire(keyOf("load"), "a");
        check(answer.type === "granted", "The lease was not granted.");
        await invalidate(opened, invalidation);
        const entry = entryOf(opened, "loaded", { tags: ["t"] });
        await leases.fill(keyOf("load"), entry, { token: "a", generations: answer.generations });
        await checkAbsent(opened, keyOf("load"));
      }
    },
  },
];

async function invalidate({ store }: OpenStore, invalidation: Invalidation): Promise<Generation> {
  const generation = await store.invalidate?.(invalidation);
  check(generation !== undefined, "`invalidate` did not resolve to a generation.");
  return generation;
}
