import { describe, expect, test } from "vitest";
import { eventually } from "./support/eventually.js";
import { ownRedis } from "./support/own-redis.js";
import { type RaceFleet, type RaceFleetOptions, raceFleet, type StampedeResult } from "./support/race-fleet.js";
import { startRedis } from "./support/redis-server.js";

const LOAD_MS = 50;
const redis = ownRedis();

/** What all nodes of a fleet came to. */
interface Outcome {
  readonly loads: number;
  readonly callers: number;
  readonly served: number;
  readonly values: readonly unknown[];
  readonly reasons: readonly string[];
  readonly ms: number;
}

interface Takeover {
  readonly outcome: Pick<Outcome, "values" | "served" | "reasons">;
  readonly loads: number;
}

function together(results: readonly StampedeResult[]): Outcome {
  const sum = (count: (result: StampedeResult) => number): number =>
    results.reduce((total, result) => total + count(result), 0);
  return {
    loads: sum(({ loads }) => loads),
    callers: sum(({ callers }) => callers),
    served: sum(({ served }) => served),
    values: [...new Set(results.flatMap(({ values }) => values))],
    reasons: [...new Set(results.flatMap(({ reasons }) => reasons))],
    ms: Math.max(...results.map(({ endedAt }) => endedAt)) - Math.min(...results.map(({ begunAt }) => begunAt)),
  };
}

describe("callers of one cold key on every node of a fleet", () => {
  const sizes = [
    [4, 250],
    [10, 1_000],
  ] as const;

  test.each(sizes)("%i processes with %i callers each load once, and all get that value", async (count, callers) => {
    const { cold, warm } = await stampedes({ count, callers });
    for (const outcome of [cold, warm]) checkOneLoad(outcome, count * callers);
    const [first, later] = [cold, warm].map(({ ms }) => ms.toFixed(0));
    console.info(
      `${count} x ${callers} callers, load of ${LOAD_MS} ms: all served in ${first} ms at first, then ${later} ms`,
    );
  });

  test("on a bus that hears of every write they load once as well", async () => {
    const { cold, warm } = await stampedes({ count: 10, callers: 1_000, options: { tracks: true } });
    for (const outcome of [cold, warm]) checkOneLoad(outcome, 10_000);
  });

  test("without leases they are found to load more than once", async () => {
    const { cold } = await stampedes({ count: 4, callers: 250, options: { plant: "no lease" } });
    expect(() => checkOneLoad(cold, 1_000)).toThrow(/loads/);
  });

  interface Stampedes {
    readonly count: number;
    readonly callers: number;
    readonly options?: RaceFleetOptions;
  }

  /** The nodes' first call ever, and one when they have their connections. */
  async function stampedes({ count, callers, options }: Stampedes) {
    return withFleet(count, options, async ({ nodes }) => {
      const of = async (id: string): Promise<Outcome> =>
        together(await Promise.all(nodes.map((node) => node.stampede(id, callers, LOAD_MS))));
      return { cold: await of("first"), warm: await of("second") };
    });
  }

  function checkOneLoad({ loads, values, served, reasons }: Outcome, callers: number): void {
    expect({ loads, values: values.length, served, reasons }).toEqual({
      loads: 1,
      values: 1,
      served: callers,
      reasons: [],
    });
  }
});

describe("a process that is killed while it loads", () => {
  test.each([
    ["is followed by one other, whose value all get, and leaves no lease behind", {}],
    ["is followed by one other on a bus that hears of every write as well", { tracks: true as const }],
  ])("%s", async (_name, options) => {
    const { outcome, loads, leases, takeoverMs } = await kill(options);
    checkTakeover({ outcome, loads });
    expect(leases).toEqual([]);
    console.info(`the next load began ${takeoverMs.toFixed(0)} ms after the kill`);
  });

  test("without leases is found to be one of too many that load", async () => {
    await withFleet(4, { plant: "no lease" }, async (fleet) => {
      // No load ends: on a slow machine those that come late would find its value.
      const ends = fleet.nodes.map((node) => node.stampede("cold", 100, null).catch(() => "stopped"));
      await fleet.loadBegun(3);
      const outcome = { values: ["loaded"], served: 300, reasons: [] };
      expect(() => checkTakeover({ outcome, loads: fleet.loads.length })).toThrow(/loads/);
      await fleet.stop();
      expect(new Set(await Promise.all(ends))).toEqual(new Set(["stopped"]));
    });
  });

  function checkTakeover({ outcome, loads }: Takeover): void {
    const { values, served, reasons } = outcome;
    expect({ loads, values: values.length, served, reasons }).toEqual({
      loads: 2,
      values: 1,
      served: 300,
      reasons: [],
    });
  }

  async function kill(options: RaceFleetOptions) {
    return withFleet(4, options, async (fleet) => {
      const [victim, ...others] = fleet.nodes;
      const died = victim?.stampede("cold", 100, null).catch(() => "died");
      await fleet.loadBegun(1);
      const serving = Promise.all(others.map((node) => node.stampede("cold", 100, LOAD_MS)));
      // They wait for the lease, or load themselves.
      await eventually(
        async () => (await waitingNodes()) + fleet.loads.length - 1,
        (nodes) => nodes >= others.length,
      );
      const killedAt = Number(process.hrtime.bigint() / 1_000n) / 1_000;
      await victim?.kill();
      expect(await died).toBe("died");
      const outcome = together(await serving);
      const takeoverMs = (fleet.loads[1]?.at ?? Number.NaN) - killedAt;
      // A lease that a waiter was given too late to need it is given back behind.
      const leases = await eventually(
        () => leasesOf(fleet),
        (left) => left.length === 0,
      ).catch(() => leasesOf(fleet));
      return { outcome, loads: fleet.loads.length, leases, takeoverMs };
    });
  }

  async function leasesOf({ keyPrefix }: RaceFleet): Promise<readonly string[]> {
    return (await redis.admin.keys(`${keyPrefix}*`)).filter((key) => key.includes(":lease:"));
  }

  /** Nodes that listen for the ends of leases. */
  async function waitingNodes(): Promise<number> {
    const [, count] = (await redis.admin.call("PUBSUB", "NUMSUB", "granary:wake")) as [string, number];
    return Number(count);
  }
});

describe("with Redis down", () => {
  test("each process loads at most once, and nobody fails", async () => {
    const { results, errors } = await outage({});
    checkNobodyFails(results);
    expect(errors).toBeGreaterThan(0);
  });

  test("processes that pass on what the store throws are found out", async () => {
    const { results } = await outage({ onStoreError: "throw" });
    expect(() => checkNobodyFails(results)).toThrow(/served/);
  });

  function checkNobodyFails(results: readonly StampedeResult[]): void {
    expect(results).toHaveLength(4);
    for (const { loads, served, values, reasons } of results) {
      expect({ served, values: values.length, reasons }).toEqual({ served: 250, values: 1, reasons: [] });
      expect(loads).toBe(1);
    }
  }

  async function outage(options: RaceFleetOptions) {
    const gone = await startRedis();
    await gone.stop();
    // What a client keeps for later would be waited for.
    const clientOptions = { enableOfflineQueue: false, maxRetriesPerRequest: 0 };
    return withFleet(4, { ...options, redis: "down", url: gone.url, clientOptions }, async ({ nodes }) => {
      const results = await Promise.all(nodes.map((node) => node.stampede("cold", 250, LOAD_MS)));
      const errors = await Promise.all(nodes.map((node) => node.errors()));
      return { results, errors: Math.min(...errors.map(({ length }) => length)) };
    });
  }
});

async function withFleet<T>(
  count: number,
  { url = redis.server.url, ...options }: RaceFleetOptions & { readonly url?: string } = {},
  use: (fleet: RaceFleet) => Promise<T>,
): Promise<T> {
  const fleet = await raceFleet(url, count, options);
  try {
    return await use(fleet);
  } finally {
    await fleet.stop();
  }
}
