import type { Invalidation, MarksCapability } from "@granary/core";
import { check, checkEqual } from "./check.js";
import { entryOf, keyOf, nowOf, type OpenStore, type StoreCase } from "./open-store.js";

const NEVER = Number.NEGATIVE_INFINITY;
const SCOPE = "granary:v1:contract";
const OTHER = "granary:v1:contract/child";

/** What `marks` promise: max-registers by the store's clock. */
const markCases: readonly StoreCase[] = [
  {
    name: "a namespace and a tag that were never invalidated say so",
    needs: "marks",
    async run(opened) {
      const marks = marksOf(opened);
      checkEqual(await marks.read([SCOPE, OTHER]), [unmarked(), unmarked()], "marks of two namespaces");
      checkEqual(await marks.readTags(SCOPE, ["t", "u"]), [NEVER, NEVER], "marks of two tags");
    },
  },
  {
    name: "a raise resolves to the instant that is read from then on",
    needs: "marks",
    async run(opened) {
      const marks = marksOf(opened);
      const at = await marks.raise({ scope: SCOPE }, NEVER);
      check(Math.abs(at - nowOf(opened)) < 60_000, `A mark was raised to ${at}, far from the store's clock.`);
      checkEqual(await marks.read([SCOPE]), [{ clearedAt: at, taggedAt: NEVER }], "the mark of the namespace");
    },
  },
  {
    name: "a mark is raised at least to what was asked for, to the fraction",
    needs: "marks",
    async run(opened) {
      const marks = marksOf(opened);
      const atLeast = nowOf(opened) + 90_000 + 2 ** -12;
      const at = await marks.raise({ scope: SCOPE, tags: ["t"] }, atLeast);
      check(at >= atLeast, `A mark was raised to ${at}, which is less than ${atLeast}.`);
      checkEqual(await marks.readTags(SCOPE, ["t"]), [at], "the mark of the tag");
    },
  },
  {
    name: "a mark only rises, in whatever order and however often it is raised",
    needs: "marks",
    async run(opened) {
      const marks = marksOf(opened);
      const high = await marks.raise({ scope: SCOPE, tags: ["t"] }, nowOf(opened) + 90_000);
      const cleared = await marks.raise({ scope: SCOPE }, nowOf(opened) + 80_000);
      await marks.raise({ scope: SCOPE, tags: ["t"] }, NEVER);
      await marks.raise({ scope: SCOPE, tags: ["t"] }, 1);
      await marks.raise({ scope: SCOPE }, NEVER);
      const [tag = NEVER] = await marks.readTags(SCOPE, ["t"]);
      const [scope = unmarked()] = await marks.read([SCOPE]);
      check(tag >= high, `The mark of a tag fell from ${high} to ${tag}.`);
      check(scope.taggedAt >= high && scope.clearedAt >= cleared, "The mark of a namespace fell.");
    },
  },
  {
    name: "each mark of a namespace is later than the one before",
    needs: "marks",
    async run(opened) {
      const marks = marksOf(opened);
      const raises: readonly Invalidation[] = [
        { scope: SCOPE, tags: ["t"] },
        { scope: SCOPE },
        { scope: SCOPE, tags: ["u"] },
      ];
      let last = nowOf(opened) + 90_000;
      for (const invalidation of raises) {
        const at = await marks.raise(invalidation, nowOf(opened) + 90_000);
        check(at > last || invalidation === raises[0], `After a mark at ${last} another was raised to ${at}.`);
        last = at;
      }
    },
  },
  {
    name: "tags, their namespaces and other namespaces have marks of their own",
    needs: "marks",
    async run(opened) {
      const marks = marksOf(opened);
      const at = await marks.raise({ scope: SCOPE, tags: ["t", "é:*{}"] }, NEVER);
      checkEqual(await marks.readTags(SCOPE, ["u", "é:*{}", "t"]), [NEVER, at, at], "marks in the order of the tags");
      checkEqual(await marks.readTags(OTHER, ["t"]), [NEVER], "the mark of the tag in another namespace");
      checkEqual(await marks.read([OTHER, SCOPE]), [unmarked(), { clearedAt: NEVER, taggedAt: at }], "the namespaces");
    },
  },
  {
    name: "raises at once all count",
    needs: "marks",
    async run(opened) {
      const marks = marksOf(opened);
      const tags = Array.from({ length: 20 }, (_, n) => `t${n}`);
      const raised = await Promise.all(tags.map((tag) => marks.raise({ scope: SCOPE, tags: [tag] }, NEVER)));
      checkEqual(await marks.readTags(SCOPE, tags), raised, "the marks of 20 tags");
      const [scope = unmarked()] = await marks.read([SCOPE]);
      checkEqual(scope.taggedAt, Math.max(...raised), "when a tag was last invalidated");
    },
  },
];

/** What a store promises that judges its entries itself. */
const invalidateCases: readonly StoreCase[] = [
  {
    name: "what is as old as a clear of its namespace is gone, and what is younger stays",
    needs: "invalidate",
    async run(opened) {
      const at = await raised(opened, { scope: SCOPE });
      await checkGiven(opened, { "was before": at - 1, "is of the instant": at }, "gone");
      await checkGiven(opened, { "is after": at + 1 }, "there");
    },
  },
  {
    name: "an entry is gone that was set before its namespace was cleared",
    needs: "invalidate",
    async run(opened) {
      await opened.store.set(keyOf("1"), entryOf(opened, 1));
      await opened.store.set("granary:v1:elsewhere:1", entryOf(opened, 1));
      await raised(opened, { scope: SCOPE });
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
      await raised(opened, { scope: SCOPE, tags: ["t"] });
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
      await raised(opened, { scope: OTHER });
      check((await opened.store.get(child)) === undefined, "A cleared entry of a child was given.");
      check((await opened.store.get(keyOf("1"))) !== undefined, "An entry of the parent is gone.");
      await opened.store.set(child, entryOf(opened, 1));
      await raised(opened, { scope: SCOPE });
      check((await opened.store.get(child)) === undefined, "An entry of a child outlived a clear of the parent.");
    },
  },
  {
    name: "an older invalidation that comes later takes nothing back",
    needs: "invalidate",
    async run(opened) {
      await opened.store.set(keyOf("1"), entryOf(opened, 1, { tags: ["t"] }));
      await raised(opened, { scope: SCOPE, tags: ["t"] });
      await opened.store.invalidate?.({ scope: SCOPE, tags: ["t"] }, 1);
      check((await opened.store.get(keyOf("1"))) === undefined, "An entry came back.");
    },
  },
];

export const storeMarkCases: readonly StoreCase[] = [...markCases, ...invalidateCases];

function unmarked(): { clearedAt: number; taggedAt: number } {
  return { clearedAt: NEVER, taggedAt: NEVER };
}

function marksOf({ store }: OpenStore): MarksCapability {
  check(store.marks !== undefined, "The store has no `marks`.");
  return store.marks;
}

/** Invalidates as of now; resolves to the instant that the store settled on. */
async function raised(opened: OpenStore, invalidation: Invalidation): Promise<number> {
  const at = await opened.store.invalidate?.(invalidation, nowOf(opened) + 1);
  check(at !== undefined, "`invalidate` did not resolve to the instant.");
  return at;
}

async function checkGiven(
  opened: OpenStore,
  entries: Readonly<Record<string, number>>,
  expected: "gone" | "there",
): Promise<void> {
  for (const [id, createdAt] of Object.entries(entries)) {
    await opened.store.set(keyOf(id), entryOf(opened, id, { createdAt }));
    const found = (await opened.store.get(keyOf(id))) === undefined ? "gone" : "there";
    checkEqual(found, expected, `an entry whose load ${id}`);
  }
}
