import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failingOver } from "./support/failing-over.js";
import { lostTime } from "./support/lost-time.js";
import { type Plant, type RaceFleetOptions, type RaceNode, raceFleet } from "./support/race-fleet.js";
import { type RedisServer, startRedis } from "./support/redis-server.js";
import { expiredReads, type RunLog, staleReads } from "./support/stale-reads.js";

const RUN_MS = process.env["GRANARY_FULL"] === undefined ? 1_500 : 30_000;
const FAILOVER_EVERY_MS = process.env["GRANARY_FULL"] === undefined ? 300 : 10_000;
const LEAST_FAILOVERS = 2;
const TIMEOUT_MS = RUN_MS + 180_000;
const MINUTE_MS = 60_000;
const SKEWED = { skewsMs: [5 * MINUTE_MS, 0, -5 * MINUTE_MS] };
/** The ttl of the keys that only expire, and room to store what was loaded; what the machine took comes on top. */
const LONGEST_AGE_MS = 300 + 1_000;
let server: RedisServer;

beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

test.each([
  ["agree", {}],
  ["are five minutes ahead, right, and five minutes behind", SKEWED],
  ["agree, and whose bus tracks,", { tracks: true as const }],
  ["are five minutes apart, and whose bus tracks,", { ...SKEWED, tracks: true as const }],
])(
  "three processes whose clocks %s read nothing older than a change they made or heard of",
  { timeout: TIMEOUT_MS },
  async (_clocks, options) => {
    const { logs, lostMs } = await run(options);
    const { violations, judged, changes, slowestMessageMs } = staleReads(logs);
    console.info(`${JSON.stringify({ ...judged, ...changes })}, slowest message ${slowestMessageMs.toFixed(1)} ms`);
    expect(violations).toEqual([]);
    expect(Object.keys(changes).sort()).toEqual(["clear", "delete", "expire", "set", "tag"]);
    expect(judged.own).toBeGreaterThan(100);
    expect(judged.others).toBeGreaterThan(100);
    const expired = expiredReads(logs, LONGEST_AGE_MS + lostMs);
    expect(expired.violations).toEqual([]);
    expect(expired.judged).toBeGreaterThan(100);
  },
);

test("C16: three processes read nothing older than a change while half of all keys are evicted again and again", {
  timeout: TIMEOUT_MS,
}, async () => {
  const admin = new Redis(server.url);
  const evictions = new Evictions(admin);
  try {
    const { logs } = await run(SKEWED, (isOver) => evictions.goOn(isOver));
    const { violations, judged } = staleReads(logs);
    console.info(`${JSON.stringify(judged)}, ${evictions.keys} keys evicted, ${evictions.records} records among them`);
    expect(violations).toEqual([]);
    expect([judged.own > 100, judged.others > 100]).toEqual([true, true]);
    expect(evictions.records).toBeGreaterThan(10);
  } finally {
    admin.disconnect();
  }
});

/** What was lost, those who had made it make once more. Until then another node can read what was there before. */
const ANY_CHANGE = /read version/;
const OWN_CHANGE = /its own/;

test.each([
  ["a change", 0, ANY_CHANGE],
  ["a change of their own, though each new one lacks what came last,", 100, OWN_CHANGE],
])(
  "C16, C29: three processes read nothing older than %s while servers fail over again and again",
  {
    timeout: TIMEOUT_MS,
  },
  async (_what, lagMs, kind) => {
    const servers = await failingOver();
    let failovers = 0;
    const disturb = async (isOver: () => boolean): Promise<void> => {
      while (!isOver() || failovers < LEAST_FAILOVERS) {
        await servers.failOver(lagMs);
        failovers += 1;
        await new Promise((resolve) => setTimeout(resolve, FAILOVER_EVERY_MS));
      }
    };
    try {
      const { logs } = await run({ ...SKEWED, url: servers.url }, disturb);
      const { violations, judged } = staleReads(logs);
      console.info(
        `${JSON.stringify(judged)}, ${failovers} failovers, ${violations.length} reads of what others changed`,
      );
      expect(violations.filter((violation) => kind.test(violation))).toEqual([]);
      expect([judged.own > 100, judged.others > 100]).toEqual([true, true]);
    } finally {
      await servers.stop();
    }
  },
);

/** What a server does that is full: half of its keys go, whatever they are, for as long as the run lasts. */
class Evictions {
  keys = 0;
  records = 0;
  readonly #admin: Redis;

  constructor(admin: Redis) {
    this.#admin = admin;
  }

  async goOn(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const half = (await this.#admin.keys("*")).filter(() => Math.random() < 0.5);
      if (half.length === 0) continue;
      this.keys += await this.#admin.unlink(...half);
      this.records += half.filter((key) => key.includes("generation:{")).length;
    }
  }
}

describe("processes whose clocks are five minutes apart cache for each other, as long as they are told to", () => {
  /** How a node has the clock of the server sampled before it reads what the others wrote; or not at all. */
  const histories: ReadonlyArray<readonly [name: string, live: (node: RaceNode) => Promise<unknown>]> = [
    ["that have written before", (node) => node.set("any", 1, "1m")],
    ["that have only read before", (node) => node.get("any")],
    ["whose first call it is", async () => undefined],
  ];

  test.each(histories)("%s", { timeout: TIMEOUT_MS }, async (_name, live) => {
    await withFleet(SKEWED, async ([ahead, right, behind]) => {
      const readers = [ahead, behind].filter((node) => node !== undefined);
      await right?.set("k", "value", "2m");
      await Promise.all(readers.map(live));
      const seen = await Promise.all(readers.map(lookAt));
      expect(seen).toEqual(readers.map(() => ["value", "value", "memory"]));
      const left = await Promise.all(readers.map((node) => node.ttl("k")));
      expect(left).toHaveLength(2);
      for (const ms of left) expect(Math.abs(ms - 2 * MINUTE_MS)).toBeLessThan(MINUTE_MS);
    });
  });

  async function lookAt(node: RaceNode): Promise<readonly unknown[]> {
    const first = await node.get("k");
    // The message of the write may have come while that was read, and then no copy of it is kept.
    await node.get("k");
    const hits = await node.memoryHits();
    const second = await node.get("k");
    return [first, second, (await node.memoryHits()) === hits + 1 ? "memory" : "not in memory"];
  }
});

const planted: ReadonlyArray<readonly [Plant, RaceFleetOptions]> = [
  ["no bus", {}],
  ["own clock", SKEWED],
];

test.each(planted)("processes with %s are found out", { timeout: TIMEOUT_MS }, async (plant, options) => {
  const { logs } = await run({ ...options, plant });
  // Clocks decide when a value expires, and nothing else.
  const violations =
    plant === "own clock" ? expiredReads(logs, LONGEST_AGE_MS).violations : staleReads(logs).violations;
  expect(violations).not.toEqual([]);
});

/** Does something to the server for as long as a run lasts. */
type Disturb = (isOver: () => boolean) => Promise<void>;

async function run(
  { url = server.url, ...options }: RaceFleetOptions & { readonly url?: string },
  disturb?: Disturb,
): Promise<{ readonly logs: readonly RunLog[]; readonly lostMs: number }> {
  const lost = lostTime();
  let isOver = false;
  const use = async (nodes: readonly RaceNode[]): Promise<readonly RunLog[]> => {
    const disturbing = disturb?.(() => isOver);
    const ended = await Promise.all(nodes.map((node, at) => node.randomRun({ ms: RUN_MS, seed: at + 1 })));
    isOver = true;
    await disturbing;
    return ended;
  };
  const logs = await withFleet(options, use, url);
  lost.stop();
  return { logs, lostMs: lost.ms };
}

async function withFleet<T>(
  options: RaceFleetOptions,
  use: (nodes: readonly RaceNode[]) => Promise<T>,
  url = server.url,
): Promise<T> {
  const fleet = await raceFleet(url, 3, options);
  try {
    return await use(fleet.nodes);
  } finally {
    await fleet.stop();
  }
}
