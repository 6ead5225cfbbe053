import { expect, test } from "vitest";
import { entryOf, KEY, TAG, tierNode } from "./support/tier-node.js";

test("a hit in an L2 that does not name itself on its entries is counted as L2's", async () => {
  const { cache, far } = tierNode();
  far.memory.set(KEY, entryOf(far, 1));
  await cache.get("k");
  await cache.get("k");
  expect(cache.stats().tiers).toEqual({ memory: 1, far: 1 });
});

test("entry() tells nothing of how the near tier keeps its books", async () => {
  const { cache } = tierNode();
  await cache.set("k", 1);
  const { entry, keys } = { entry: await cache.entry("k"), keys: ["createdAt", "freshUntil", "keepUntil"] };
  expect(Object.keys(entry ?? {}).sort()).toEqual([...keys, "tags", "tier", "value"]);
  expect(entry).toMatchObject({ value: 1, tags: [TAG], tier: "memory" });
});
