import { breakerOpened, breakersOpened, metGap, reported, shortest } from "./support/checks.js";
import type { Fault } from "./support/fault.js";
import { testFaults } from "./support/fault-tests.js";
import { cut, mendAll, onLines } from "./support/lines.js";
import { isFull, LENIENCE_MS, MESSAGE_MS, NOTICE_MS } from "./support/plan.js";

/** Long enough that a node which does not notice reads what is too old. */
const LONG_ENOUGH_TO_NOTICE = isFull ? {} : { faultMs: NOTICE_MS + MESSAGE_MS + LENIENCE_MS + 1_500 };

let resetting: NodeJS.Timeout | undefined;

const faults: readonly Fault[] = [
  {
    end: mendAll,
    lines: "C18",
    name: "the bus connections are reset",
    begin: onLines("all", "bus", (line) => line.reset()),
    noticed: (outcome) => metGap("n0")(outcome) && metGap("n1")(outcome),
  },
  {
    end: mendAll,
    lines: "C19",
    name: "one node's bus connection is half-open",
    plan: LONG_ENOUGH_TO_NOTICE,
    begin: onLines("n1", "bus", (line) => line.halfOpen()),
    noticed: metGap("n1"),
  },
  {
    end: mendAll,
    lines: "C19",
    name: "one node's data connection is half-open",
    plan: LONG_ENOUGH_TO_NOTICE,
    binds: "takenAt",
    begin: onLines("n1", "data", (line) => line.halfOpen()),
    noticed: (outcome) => reported(outcome, /STORE_TIMEOUT/),
  },
  {
    end: mendAll,
    lines: "C19",
    name: "one node's connections vanish into a black hole",
    plan: LONG_ENOUGH_TO_NOTICE,
    binds: "takenAt",
    begin: onLines("n1", "both", (line) => line.blackHole()),
    noticed: (outcome) => reported(outcome, /STORE_TIMEOUT/),
  },
  {
    end: mendAll,
    lines: "C20",
    name: "one node is cut off from data only",
    plan: LONG_ENOUGH_TO_NOTICE,
    binds: "takenAt",
    begin: onLines("n1", "data", cut),
    noticed: (outcome) => reported(outcome, /STORE_TIMEOUT/),
  },
  {
    end: mendAll,
    lines: "C20",
    name: "one node is cut off from the bus only",
    plan: LONG_ENOUGH_TO_NOTICE,
    begin: onLines("n1", "bus", cut),
    noticed: (outcome) => reported(outcome, /^bus: ECONNREFUSED/),
  },
  {
    end: mendAll,
    lines: "C21",
    name: "all nodes are cut off from everything",
    begin: onLines("all", "both", cut),
    noticed: breakersOpened,
  },
  {
    end: mendAll,
    lines: "C20",
    name: "every round trip takes 100 ms more",
    begin: onLines("all", "both", (line) => line.latency(50)),
    // On a busy machine so many calls may time out that the breaker opens, and calls are short again.
    noticed: ({ nodes, spans }) =>
      nodes.every((node) => breakerOpened(node) || shortest(node, "cold", spans.fault) > 100),
  },
  {
    end: mendAll,
    lines: "C22",
    name: "every round trip takes longer than the deadline",
    binds: "takenAt",
    begin: onLines("all", "both", (line) => line.latency(200)),
    noticed: breakersOpened,
  },
  {
    end: mendAll,
    lines: "C22",
    name: "a connection carries 2 kB a second",
    binds: "takenAt",
    isMute: true,
    begin: onLines("all", "both", (line) => line.bandwidth(2_000)),
    noticed: (outcome) => reported(outcome, /STORE_TIMEOUT/),
  },
  {
    lines: "C18 C22",
    name: "connections are reset over and over",
    begin: async (fleet) => {
      resetting = setInterval(() => void onLines("all", "both", (line) => line.reset())(fleet), 150);
    },
    end: async (fleet) => {
      clearInterval(resetting);
      await mendAll(fleet);
    },
    noticed: (outcome) => metGap("n0")(outcome) && metGap("n1")(outcome),
  },
];

testFaults({ faults, options: () => ({ via: "proxies" }), fleets: 2 });
