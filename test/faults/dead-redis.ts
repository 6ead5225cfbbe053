import { breakersOpened } from "./support/checks.js";
import type { Fault } from "./support/fault.js";
import { spanOfLoad } from "./support/fault-run.js";
import type { NodeOutcome } from "./support/outcome.js";

/** Redis itself dies or freezes. */
export const deaths: readonly Fault[] = [
  {
    lines: "C22 C25 C26",
    name: "Redis is killed, and starts again with what it had",
    begin: ({ redis }) => redis.kill(),
    end: ({ redis }) => redis.start(),
    noticed: breakersOpened,
  },
  {
    lines: "C23 C25 C26",
    name: "Redis freezes, and thaws",
    begin: async ({ redis }) => redis.freeze(),
    end: async ({ redis }) => redis.thaw(),
    noticed: breakersOpened,
  },
  {
    lines: "C20 C21",
    name: "one node's event loop stands still for a second",
    begin: async ({ nodes }) => {
      const { pid } = nodes[1]!;
      process.kill(pid, "SIGSTOP");
      // The other node goes on meanwhile.
      await spanOfLoad([nodes[0]!], STANDSTILL_MS);
      process.kill(pid, "SIGCONT");
    },
    end: async () => undefined,
    noticed: ({ nodes }) => longestSilenceMs(nodes[1]!) >= STANDSTILL_MS,
  },
];

const STANDSTILL_MS = 1_000;

/** Between two slices of what a node counted. */
function longestSilenceMs({ slices }: NodeOutcome): number {
  return Math.max(...slices.slice(1).map(({ at }, before) => at - slices[before]!.at));
}
