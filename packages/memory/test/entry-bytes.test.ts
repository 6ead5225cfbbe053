import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { CacheEntry } from "@granary/core";
import { type MemoryStoreOptions, memoryStore } from "@granary/memory";
import { manualClock } from "@granary/testkit";
import { expect, test } from "vitest";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const NOW = 1_790_000_000_000;
const DAY_MS = 86_400_000;
const ENTRIES = 50_000;
const MAX_BYTES = 10 ** 9;

type Make = (at: number) => CacheEntry;

const plain: Make = (at) => ({
  value: 1,
  createdAt: NOW - at,
  freshUntil: NOW + DAY_MS + at,
  keepUntil: NOW + DAY_MS + at,
});
const tagged: Make = (at) => ({ ...plain(at), tags: ["catalogue", `team:${at % 7}`] });
/** As a pair of tiers keeps its copies. */
const copied: Make = (at) => ({ ...plain(at), ...{ nearUntil: Number.POSITIVE_INFINITY, epoch: 0 } });

function heap(): number {
  for (let time = 0; time < 3; time += 1) collect();
  return process.memoryUsage().heapUsed;
}

/** Bytes of the heap that each entry takes with its key, and what the store says of them. */
function measured(make: Make, options: MemoryStoreOptions, ...before: readonly CacheEntry[]) {
  const store = memoryStore({ clock: manualClock(NOW), ...options });
  for (const [at, entry] of before.entries()) store.set(`before ${at}`, entry);
  const empty = heap();
  for (let at = 0; at < ENTRIES; at += 1) store.set(["granary:v1:default:id", at].join(""), make(at));
  const bytes = (heap() - empty) / ENTRIES;
  expect(store.entryCount).toBe(Math.min(ENTRIES + before.length, options.maxEntries ?? Number.POSITIVE_INFINITY));
  return { bytes, said: store.byteCount / ENTRIES };
}

test("an entry takes no more than one object, its key and its place in the table of them", () => {
  const { bytes } = measured(plain, { maxEntries: ENTRIES });
  expect(bytes).toBeGreaterThan(100);
  expect(bytes).toBeLessThan(180);
});

test("an entry with fractions, one that never ends and one of two months make the others no larger", () => {
  const odd = [
    { ...plain(0), createdAt: NOW + 0.25 },
    { ...plain(0), freshUntil: Number.POSITIVE_INFINITY, keepUntil: Number.POSITIVE_INFINITY },
    { ...plain(0), freshUntil: NOW + 60 * DAY_MS, keepUntil: NOW + 60.5 * DAY_MS },
  ];
  const { bytes } = measured(plain, { maxEntries: ENTRIES }, ...odd);
  expect(bytes).toBeLessThan(180);
});

test("what tiers add to their copies takes no room of its own", () => {
  const { bytes } = measured(copied, { maxEntries: ENTRIES });
  expect(bytes).toBeLessThan(180);
});

test.each([
  ["without tags", plain],
  ["with tags", tagged],
  ["of a pair of tiers", copied],
])("what an entry %s is said to take is at most a tenth off what it takes", (_what, make) => {
  const { bytes, said } = measured(make, { maxBytes: MAX_BYTES });
  expect(Math.abs(said - bytes) / bytes).toBeLessThanOrEqual(0.1);
});
