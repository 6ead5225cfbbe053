import { machineMs } from "../support/machine-ms.mjs";
import { breakersOpened } from "./support/checks.js";
import type { Fault } from "./support/fault.js";
import type { FaultFleet, Span } from "./support/fault-fleet.js";
import { spanOfLoad } from "./support/fault-run.js";
import { testFaults } from "./support/fault-tests.js";
import { cut, mendAll, onLines } from "./support/lines.js";
import { isFull } from "./support/plan.js";

/** So often something begins, and so long it lasts. */
const [EVERY_MS, LASTS_MS] = isFull ? [5_000, 2_500] : [1_500, 800];
const WHOLE_MS = isFull ? 120_000 : 10_000;

type Step = (fleet: FaultFleet) => unknown;

const steps: ReadonlyArray<readonly [begin: Step, end: Step]> = [
  [({ redis }) => redis.freeze(), ({ redis }) => redis.thaw()],
  [({ redis }) => redis.kill(), ({ redis }) => redis.start()],
  [killConnections, () => undefined],
  [onLines("all", "both", (line) => line.blackHole()), mendAll],
  [onLines("all", "both", (line) => line.reset()), () => undefined],
  [({ redis }) => redis.command("FLUSHALL"), () => undefined],
  [onLines("all", "both", (line) => line.latency(60)), mendAll],
  [
    ({ redis }) => redis.command("CONFIG", "SET", "maxmemory", 1),
    ({ redis }) => redis.command("CONFIG", "SET", "maxmemory", 0),
  ],
  [({ redis }) => redis.command("SCRIPT", "FLUSH"), () => undefined],
  [onLines("all", "both", cut), mendAll],
];

let isOver = false;
let turns: Promise<void> | undefined;
const marks: Span[] = [];

const shaken: Fault = {
  lines: "C22 C23 C25 C26",
  name: "a fault every few seconds",
  plan: { faultMs: WHOLE_MS },
  binds: "takenAt",
  async begin(fleet) {
    turns = takeTurns(fleet);
  },
  async end() {
    isOver = true;
    await turns;
  },
  marks: () => marks,
  noticed: (outcome) => marks.length >= Math.floor(WHOLE_MS / EVERY_MS) / 2 && breakersOpened(outcome),
};

testFaults({ faults: [shaken], options: () => ({ via: "proxies" }) });

async function takeTurns(fleet: FaultFleet): Promise<void> {
  while (!isOver) {
    const [begin, end] = steps[marks.length % steps.length]!;
    const from = machineMs();
    await begin(fleet);
    await spanOfLoad(fleet.nodes, LASTS_MS);
    await end(fleet);
    marks.push({ from, to: machineMs() });
    await spanOfLoad(fleet.nodes, from + EVERY_MS - machineMs());
  }
}

async function killConnections({ redis }: FaultFleet): Promise<void> {
  await redis.command("CLIENT", "KILL", "TYPE", "normal");
  await redis.command("CLIENT", "KILL", "TYPE", "pubsub");
}
