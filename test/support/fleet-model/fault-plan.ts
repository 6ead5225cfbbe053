import type { EarTrouble } from "./faulty-bus.js";
import type { LineTrouble } from "./faulty-line.js";
import type { Random } from "./random.js";

/** Something that goes wrong. */
export type Fault =
  /** A node's connection to the server. `isBroken`: it is replaced in the end, and takes with it what it held. */
  | {
      readonly type: "line";
      readonly node: string;
      readonly trouble: LineTrouble;
      readonly dragMs: number;
      readonly isBroken: boolean;
    }
  | {
      readonly type: "server";
      readonly how: "frozen" | "killed" | "killed without its data";
      /** Whether clients keep what they cannot send until they are connected again. */
      readonly clientsQueue: boolean;
    }
  /** A replica that takes over in the end has nothing of what comes in between. */
  | { readonly type: "failover" }
  /** The server is full, and forgets half of its keys, at the beginning and at the end. */
  | { readonly type: "eviction" }
  /** The clock of the server is set back. */
  | { readonly type: "server clock" }
  /** What a node hears of the bus. */
  | { readonly type: "ear"; readonly node: string; readonly trouble: EarTrouble }
  /** What a node says on the bus. */
  | { readonly type: "voice"; readonly node: string }
  | { readonly type: "bus"; readonly node: string; readonly trouble: EarTrouble }
  /** Messages come twice, late, and in another order. */
  | { readonly type: "disorder" }
  /** The event loop of a node. */
  | { readonly type: "stall"; readonly node: string };

/** A fault and when. */
export interface PlannedFault {
  readonly fault: Fault;
  /** From the beginning of the episode. */
  readonly atMs: number;
  readonly spanMs: number;
}

/** How often each kind of fault is drawn. */
const KINDS = {
  line: 8,
  server: 5,
  failover: 3,
  eviction: 3,
  "server clock": 1,
  ear: 3,
  voice: 2,
  bus: 3,
  disorder: 2,
  stall: 2,
} as const;

const SPAN_MS = [30, 12_000] as const;
const LONGEST_STALL_MS = 1_500;
const DRAG_MS = [20, 400] as const;
/** Between the beginnings of faults that overlap, or almost. */
const APART_MS = 4_000;

/** One to four faults that happen in one go. */
export function planEpisode(random: Random, nodes: readonly string[]): PlannedFault[] {
  const count = random.pick([1, 1, 2, 2, 3, 4]);
  return Array.from({ length: count }, (_, index) => {
    const fault = drawFault(random, random.pick(nodes));
    const spanMs = random.span(SPAN_MS[0], fault.type === "stall" ? LONGEST_STALL_MS : SPAN_MS[1]);
    return { fault, atMs: index === 0 ? 0 : random.between(0, APART_MS), spanMs };
  });
}

function drawFault(random: Random, node: string): Fault {
  const type = random.weighted(KINDS);
  switch (type) {
    case "line": {
      const trouble = random.pick(["refuses", "holds", "holds", "drags"] as const);
      return { type, node, trouble, dragMs: random.span(...DRAG_MS), isBroken: random.chance(0.5) };
    }
    case "server": {
      const how = random.pick(["frozen", "frozen", "killed", "killed", "killed without its data"] as const);
      return { type, how, clientsQueue: random.chance(0.3) };
    }
    case "ear":
    case "bus":
      return { type, node, trouble: random.pick(["holds", "refuses"] as const) };
    case "disorder":
    case "failover":
    case "eviction":
    case "server clock":
      return { type };
    case "voice":
    case "stall":
      return { type, node };
  }
}
