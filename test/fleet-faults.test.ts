import { describe, expect, test } from "vitest";
import { FAULT_CHECKERS } from "./support/fleet-model/fault-checkers.js";
import * as plants from "./support/fleet-model/fault-plants.js";
import { searchFaults } from "./support/fleet-model/fault-search.js";
import type { Plant } from "./support/fleet-model/fleet.js";
import { laggingReplica, unfencedFills } from "./support/fleet-model/plants.js";

const IS_FULL = process.env["GRANARY_FULL"] === "1";
/** `GRANARY_SEED` begins with another seed. */
const SIZE = IS_FULL ? { seeds: 100, minutes: 60 } : { seeds: 3, minutes: 5 };
const LIMIT = { timeout: IS_FULL ? 3 * 3_600_000 : 300_000 };

describe("a fleet keeps its promises while connections, the server, the bus and event loops fail", LIMIT, () => {
  test(`${SIZE.seeds} seeds, ${SIZE.minutes} simulated minutes each`, async () => {
    const { failure, looked, felt } = await searchFaults(SIZE);
    expect(failure).toBeUndefined();
    expect(Object.keys(looked)).toEqual(Object.keys(FAULT_CHECKERS));
    expect(Object.entries({ ...looked, ...felt }).filter(([, count]) => count === 0)).toEqual([]);
    console.info(JSON.stringify({ ...looked, ...felt }));
  });
});

/** A seed that finds each early; where it does not any more, the ones after it do. */
const PLANTED: ReadonlyArray<readonly [bug: string, noticedBy: string, plant: Plant, seed: number]> = [
  ["deletions are not made up for", "C25", plants.forgottenDeletions, 7],
  ["what was not taken is written later", "C20", plants.writtenLater, 35],
  ["a message that the bus does not take is dropped", "C20", plants.droppedMessages, 96],
  ["gaps are not heard", "C20", plants.ignoredGaps, 1],
  ["gaps are not heard", "C14", plants.ignoredGaps, 1],
  ["a value loaded alone is trusted", "C14", plants.trustedLoners, 4],
  ["the breaker does not close again", "C26", plants.stuckBreaker, 1],
  ["what was given up is not undone", "C7", plants.lateWrites, 51],
  ["a store that fails is heard of by readers", "C22", plants.loudStore, 1],
  ["a fill is written without its lease", "C8", unfencedFills, 2],
  ["far answers from a replica that lags", "C12", laggingReplica, 1],
];

describe("a planted bug is found", LIMIT, () => {
  test.each(PLANTED)("%s (%s)", async (...[, checker, plant, from]) => {
    const { failure } = await searchFaults({ seeds: 40, from, minutes: 10, plant, checker });
    expect(failure).toContain(checker);
  });
});
