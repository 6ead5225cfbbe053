import { describe, expect, test } from "vitest";
import { breakersOpened, checkEndings } from "./support/checks.js";
import type { Fault } from "./support/fault.js";
import { type FaultFleet, type FleetOptions, withFleet } from "./support/fault-fleet.js";
import { each, endNodes, spanOfLoad } from "./support/fault-run.js";
import { testFaults } from "./support/fault-tests.js";
import { plan } from "./support/plan.js";
import { waitUntil } from "./support/wait-until.js";

const TIMEOUT_MS = 120_000;

/** Redis comes when the nodes have been at work for a while. */
const boots: ReadonlyArray<readonly [FleetOptions, Fault]> = [
  [
    { redis: "absent" },
    {
      lines: "C24",
      name: "Redis is not there when the nodes start, and appears",
      begin: async () => undefined,
      end: ({ redis }) => redis.start(),
      noticed: breakersOpened,
    },
  ],
  [
    { redis: "frozen" },
    {
      lines: "C24",
      name: "Redis is frozen when the nodes start, and thaws",
      begin: async () => undefined,
      end: async ({ redis }) => redis.thaw(),
      noticed: breakersOpened,
    },
  ],
];

for (const [options, fault] of boots) testFaults({ faults: [fault], options: () => options });

describe.concurrent("C24: nodes that started without Redis", () => {
  test.each(["absent", "frozen"] as const)(
    "join when it is no longer %s: they share values, and hear of changes",
    async (redis) => {
      await withFleet({ redis }, async (fleet) => {
        const [one, other] = [fleet.nodes[0]!, fleet.nodes[1]!];
        await one.ask("set", "shared", "before");
        expect(await one.ask("get", "shared")).toBe("before");
        expect(await other.ask("get", "shared")).toBeUndefined();
        if (redis === "absent") await fleet.redis.start();
        else fleet.redis.thaw();
        await waitUntil({ look: () => other.ask("get", "shared"), holds: (value) => value === "before" });
        await one.ask("set", "shared", "after");
        await waitUntil({ look: () => other.ask("get", "shared"), holds: (value) => value === "after" });
      });
    },
    TIMEOUT_MS,
  );
});

/** How Redis can be when nodes are closed. */
const states: ReadonlyArray<readonly [name: string, options: FleetOptions, begin: (fleet: FaultFleet) => unknown]> = [
  ["answers", {}, () => undefined],
  ["has been killed", {}, ({ redis }) => redis.kill()],
  ["is frozen", {}, ({ redis }) => redis.freeze()],
  ["was never there", { redis: "absent" }, () => undefined],
  ["was frozen from the start", { redis: "frozen" }, () => undefined],
  ["is behind a connection that is half-open", { via: "proxies" }, goHalfOpen],
];

describe.concurrent("C36: close(), with calls under way, while Redis", () => {
  test.each(states)(
    "%s, returns; no timer and no socket is left, and the process ends by itself",
    async (_, options, begin) => {
      await withFleet({ count: 1, ...options }, async (fleet) => {
        checkEndings(await closed(fleet, begin));
      });
    },
    TIMEOUT_MS,
  );

  test(
    "answers: a process that keeps a timer is found out",
    async () => {
      await withFleet({ count: 1, plant: "leaks a timer" }, async (fleet) => {
        const closings = await each(fleet.nodes, (node) => node.close());
        expect(closings.map(({ left }) => left)).toEqual(fleet.nodes.map(() => ["Timeout"]));
      });
    },
    TIMEOUT_MS,
  );

  async function closed(fleet: FaultFleet, begin: (fleet: FaultFleet) => unknown) {
    const { nodes } = fleet;
    await each(nodes, (node) => node.ask("start", plan.perSecond));
    await spanOfLoad(nodes, 200);
    await begin(fleet);
    await spanOfLoad(nodes, 300);
    await each(nodes, (node) => node.ask("break"));
    return endNodes(fleet);
  }
});

function goHalfOpen({ nodes }: FaultFleet): void {
  for (const { lines } of nodes) {
    lines?.data.halfOpen();
    lines?.bus.halfOpen();
  }
}
