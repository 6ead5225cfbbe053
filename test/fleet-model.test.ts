import { describe, expect, test } from "vitest";
import {
  beatsLoadsOf,
  type Checker,
  deletedIsGone,
  deletedIsNotFallback,
  nearEqualsFar,
  noDeletedValueNear,
  nothingStuck,
  readYourWrites,
  setBeatsLoad,
  versionsRise,
} from "./support/fleet-model/checkers.js";
import type { Plant } from "./support/fleet-model/fleet.js";
import * as plants from "./support/fleet-model/plants.js";
import { POLICIES } from "./support/fleet-model/policies.js";
import { rightClocks } from "./support/fleet-model/scenario.js";
import { FACTOR, search } from "./support/fleet-model/search.js";

const PATHS = Object.keys(POLICIES);

const CHECKERS: Readonly<Record<string, Checker>> = {
  "C7 a node reads its own writes": readYourWrites,
  "C8 a deleted value is gone": deletedIsGone,
  "C9 a set beats an older load": setBeatsLoad,
  ...Object.fromEntries(PATHS.map((path) => [`C10 invalidations beat the path ${path}`, beatsLoadsOf(path)])),
  "C11 no deleted value stays near": noDeletedValueNear,
  "C12 versions rise": versionsRise,
  "C14 near equals far": nearEqualsFar,
  "C17 a deleted value is no fallback": deletedIsNotFallback,
  "every call ends": nothingStuck,
};

const SEARCHES = [
  ["with clocks that agree", { skews: rightClocks }],
  ["C15 with clocks five minutes off, and set back an hour", {}],
  ["where all is about one key", { focus: { keys: ["a"] } }],
  [
    "where the origin fails",
    { focus: { keys: ["a"], policies: ["sie", "soft", "conditional"], outcomes: ["failed", "loaded"] } },
  ],
] as const;

/** A long run takes as long as it takes. */
const LIMIT = { timeout: 300_000 * FACTOR };

describe("a fleet keeps its promises in every order of steps", LIMIT, () => {
  test.each(SEARCHES)("%s", async (_name, options) => {
    const found = await search({ runs: 400, checkers: CHECKERS, ...options });
    expect(found.failure).toBeUndefined();
    const looked = Object.entries(found.looked).filter(([name]) => !("focus" in options) || !name.startsWith("C10"));
    expect(looked.filter(([, count]) => count === 0)).toEqual([]);
  });
});

const PLANTED: ReadonlyArray<readonly [bug: string, noticedBy: string, plant: Plant]> = [
  ["deletes are acknowledged before they have gone out", "C7", plants.deletesBehind],
  ["a fill is written without its lease", "C8", plants.unfencedFills],
  ["loads under way do not hear of changes", "C8", plants.deafLoads],
  ["a fill is written without its lease", "C9", plants.unfencedFills],
  ["a change leaves the lease of its key alone", "C9", plants.leasesOutliveChanges],
  ["entries carry the generations of the end of their load", "C10", plants.datedAtTheEnd],
  ["a delete forgets near once, and before far", "C11", plants.clearedOnce],
  ["far answers from a replica that lags", "C12", plants.laggingReplica],
  ["a copy starts its life again", "C14", plants.relativeDeadlines],
  ["fills of near are not guarded", "C14", plants.unguardedTiers],
  ["an invalidation leaves the copies that are near", "C11", plants.deafCopies],
  ["each node goes by its own clock", "C", plants.ownClocks],
  ["what is deleted is kept as stale", "C17", plants.deletedKeptAsStale],
  ["answers get lost", "every call ends", plants.lostAnswers],
];

describe("a planted bug is found", LIMIT, () => {
  test.each(PLANTED)("%s (%s)", async (_bug, noticedBy, plant) => {
    const checkers = Object.fromEntries(Object.entries(CHECKERS).filter(([name]) => name.startsWith(noticedBy)));
    const found = await search({ runs: 3_000, checkers, plant, focus: { keys: ["a"] } });
    expect(found.failure).toContain(noticedBy);
  });
});
