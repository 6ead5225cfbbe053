import { describe, expect, test } from "vitest";
import { machineMs } from "../support/machine-ms.mjs";
import { type FaultFleet, type FleetOptions, type NodeResult, withFleet } from "./support/fault-fleet.js";
import { each, spanOfLoad } from "./support/fault-run.js";
import { plan } from "./support/plan.js";
import { waitUntil } from "./support/wait-until.js";

const TIMEOUT_MS = 120_000;
const RETRY_AFTER_MS = 500;

/** How Redis is while the origin fails. */
const states: ReadonlyArray<readonly [name: string, begin: (fleet: FaultFleet) => unknown]> = [
  ["answers", () => undefined],
  ["has been killed", ({ redis }) => redis.kill()],
  ["is frozen", ({ redis }) => redis.freeze()],
];

describe.concurrent("C27: the origin fails, stale values are at hand, and Redis", () => {
  test.each(states)(
    "%s: nobody gets an error, and the origin is left alone",
    { timeout: TIMEOUT_MS },
    async (_, begin) => {
      const { results, loads, most } = await failing(begin, { policy: { retryAfter: RETRY_AFTER_MS } });
      checkCalm(results);
      expect(loads.length).toBeGreaterThan(0);
      expect(Math.max(...loads)).toBeLessThanOrEqual(most);
    },
  );

  test("answers, and nothing stale may be served: that is found out", { timeout: TIMEOUT_MS }, async () => {
    const { results } = await failing(() => undefined, { policy: { staleIfError: 0 } });
    expect(() => checkCalm(results)).toThrow(/failed/);
  });

  test("answers, and every call tries again: that is found out", { timeout: TIMEOUT_MS }, async () => {
    const { loads, most } = await failing(() => undefined, { policy: { retryAfter: 1 } });
    expect(Math.max(...loads)).toBeGreaterThan(most);
  });

  function checkCalm(results: readonly NodeResult[]): void {
    for (const { calls, failed, hung, unhandled } of results) {
      expect(calls).toBeGreaterThan(100);
      expect({ failed, hung, unhandled }).toEqual({ failed: {}, hung: 0, unhandled: [] });
    }
  }

  /** What the nodes came to, how often each of them loaded each key, and how often it may have. */
  function failing(begin: (fleet: FaultFleet) => unknown, { policy }: FleetOptions) {
    return withFleet({ count: 1, policy: { ttl: 1, softTimeout: 60_000, ...policy }, mix: "old" }, async (fleet) => {
      const { nodes, observer } = fleet;
      await each(nodes, (node) => node.ask("warm"));
      await begin(fleet);
      await observer.mood({ error: "down" });
      const [before, from] = [await observer.loads(), machineMs()];
      await each(nodes, (node) => node.ask("start", plan.perSecond));
      await spanOfLoad(nodes, plan.faultMs);
      const results = await each(nodes, (node) => node.ask<NodeResult>("stop"));
      const after = await observer.loads();
      const loads = Object.keys(after).map((key) => (after[key] ?? 0) - (before[key] ?? 0));
      return { results, loads, most: Math.floor((machineMs() - from) / RETRY_AFTER_MS) + 1 };
    });
  }
});

interface Ended {
  readonly version?: number;
  readonly code?: string;
  readonly ms: number;
}

describe.concurrent("C28: the origin is slow, and Redis", () => {
  test.each(states)(
    "%s: who may have a stale value gets it, who may not gets LOAD_TIMEOUT, and what comes late is stored once",
    { timeout: TIMEOUT_MS },
    async (_, begin) => {
      const policy = { ttl: "1h", softTimeout: 100 };
      await withFleet({ policy, count: 1 }, async (fleet) => {
        const node = fleet.nodes[0]!;
        await node.ask("callOld", "held");
        await begin(fleet);
        await node.ask("expireOld", "held");
        const storedBefore = await node.ask<number>("stored");
        await fleet.observer.mood({ loadMs: 1_000 });
        const soft = await Promise.all(Array.from({ length: 10 }, () => node.ask<Ended>("callOld", "held")));
        expect(soft.map(({ version }) => version)).toEqual(soft.map(() => 0));
        // A gap on the bus voids the load that is under way, and another one begins with the next call.
        const call = (): Promise<Ended> => node.ask<Ended>("callOld", "held");
        const stored = async (): Promise<number> => (await call()) && node.ask<number>("stored");
        await waitUntil({ look: stored, holds: (loads) => loads > storedBefore });
        const hard = await node.ask<Ended>("callOld", "cold", { hardTimeout: 300 });
        expect(hard).toMatchObject({ code: "LOAD_TIMEOUT" });
        const { unhandled } = await node.ask<NodeResult>("stop");
        expect(unhandled).toEqual([]);
        expect(await node.ask<number>("stored")).toBe(storedBefore + 1);
        console.info(`soft: ${soft.map(({ ms }) => ms.toFixed(0)).join(", ")} ms; hard: ${hard.ms.toFixed(0)} ms`);
      });
    },
  );
});
