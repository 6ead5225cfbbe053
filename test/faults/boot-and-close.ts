import { describe, expect, test } from "vitest";
import { breakersOpened, checkEndings } from "./support/checks.js";
import type { Fault } from "./support/fault.js";
import { type FaultNode, type FleetOptions, withFleet } from "./support/fault-fleet.js";
import { each, endNode, spanOfLoad } from "./support/fault-run.js";
import { testFaults } from "./support/fault-tests.js";
import type { Ending, Note } from "./support/outcome.js";
import { plan } from "./support/plan.js";
import { saveNote } from "./support/report.js";
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

describe.concurrent("C24 C36: of nodes that started without Redis", () => {
  test.each(["absent", "frozen"] as const)(
    "one can be closed while it is %s, and the others share values when it no longer is",
    { timeout: TIMEOUT_MS },
    async (redis) => {
      await withFleet({ redis, count: 3 }, async (fleet) => {
        const [one, other, leaving] = [fleet.nodes[0]!, fleet.nodes[1]!, fleet.nodes[2]!];
        // What was written two seconds ago is not given any more: a machine may take as long between the two.
        const write = async (): Promise<unknown> => {
          await one.ask("on", "hot", "set", "shared", "before");
          return one.ask("on", "hot", "get", "shared");
        };
        await waitUntil({ look: write, holds: (value) => value === "before" });
        const look = (): Promise<unknown> => other.ask("on", "hot", "get", "shared");
        expect(await look()).toBeUndefined();
        await checkClose(leaving, { lines: "C24 C36", name: `close() where Redis was ${redis} from the start` });
        if (redis === "absent") await fleet.redis.start();
        else fleet.redis.thaw();
        const share = async (): Promise<unknown> => {
          await one.ask("on", "hot", "set", "shared", "after");
          return look();
        };
        await waitUntil({ look: share, holds: (value) => value === "after" });
      });
    },
  );
});

describe.concurrent("C36: close(), with calls under way,", () => {
  test("returns while connections are half-open, while Redis is frozen, and when it was killed; nothing is left then", {
    timeout: TIMEOUT_MS,
  }, async () => {
    await withFleet({ via: "proxies", count: 3 }, async (fleet) => {
      const [first, second, third] = [fleet.nodes[0]!, fleet.nodes[1]!, fleet.nodes[2]!];
      await each(fleet.nodes, (node) => node.ask("warm"));
      first.lines?.data.halfOpen();
      first.lines?.bus.halfOpen();
      await checkClose(first, { lines: "C36", name: "close() with half-open connections" });
      fleet.redis.freeze();
      await checkClose(second, { lines: "C36", name: "close() while Redis is frozen" });
      await fleet.redis.kill();
      await checkClose(third, { lines: "C36", name: "close() when Redis was killed" });
    });
  });

  test("leaves a timer where one is planted, and is found out", { timeout: TIMEOUT_MS }, async () => {
    await withFleet({ count: 1, plants: ["leaks a timer"] }, async ({ nodes }) => {
      const closings = await each(nodes, (node) => node.close());
      expect(closings.map(({ left }) => left)).toEqual([expect.arrayContaining(["Timeout"])]);
    });
  });
});

async function checkClose(node: FaultNode, about: Pick<Note, "lines" | "name">): Promise<void> {
  const ending = await endedInMidst(node);
  checkEndings([ending]);
  await saveNote({
    ...about,
    came: `${ending.left.length} timers and sockets left, within ${ending.closedMs.toFixed(0)} ms`,
  });
}

/** Has a node work for a moment, and closes it while its calls are under way. */
async function endedInMidst(node: FaultNode): Promise<Ending> {
  await node.ask("start", plan.perSecond);
  await spanOfLoad([node], 300);
  await node.ask("break");
  return endNode(node);
}
