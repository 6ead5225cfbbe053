import type { TcpProxy } from "@granary/testkit/tcp-proxy";
import type { FaultFleet } from "./fault-fleet.js";

/** Does something to lines of one node, or of all. */
export function onLines(
  whose: "all" | "n0" | "n1",
  which: "data" | "bus" | "both",
  act: (line: TcpProxy) => unknown,
): (fleet: FaultFleet) => Promise<void> {
  return async ({ nodes }) => {
    const lines = nodes.flatMap(({ name, lines: own }) =>
      own === undefined || (whose !== "all" && whose !== name) ? [] : [own],
    );
    const chosen = lines.flatMap(({ data, bus }) => [
      ...(which === "bus" ? [] : [data]),
      ...(which === "data" ? [] : [bus]),
    ]);
    await Promise.all(chosen.map(act));
  };
}

/** Ends what goes through it, and lets nothing in. */
export function cut(line: TcpProxy): void {
  line.refuse();
  line.reset();
}

export const mendAll = onLines("all", "both", (line) => line.mend());
