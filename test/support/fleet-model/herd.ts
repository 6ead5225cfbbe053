import { nextTurn } from "@granary/testkit";
import { Fleet, type Plant } from "./fleet.js";
import type { History } from "./history.js";
import { operate } from "./run.js";
import { drain, type Scheduler } from "./scheduler.js";

/** Many callers of one cold key, on every node of a fleet. */
export interface Herd {
  readonly scheduler: Scheduler;
  readonly nodes: number;
  readonly callers: number;
  /** How many steps are taken between one caller and the next, and before anything else happens. */
  readonly steps: readonly number[];
  /** Whether the node that loads first is cut off for ever while it does. */
  readonly dies?: true;
  readonly plant?: Plant;
}

/** What a herd cost. */
export interface HerdOutcome {
  readonly loads: number;
  /** Calls of nodes that are alive, and how many of them were given a value. */
  readonly calls: number;
  readonly answered: number;
  /** Milliseconds from the death of the holder to the next load. */
  readonly takenOverMs: number | undefined;
  readonly history: History;
}

/** Longer than a lease lasts, by a little: a node that waits asks again four times a second. */
const ROUND_MS = 50;
const MOST_ROUNDS = 100;

/** Plays a herd to its end. */
export async function stampede(herd: Herd): Promise<HerdOutcome> {
  const { scheduler, nodes, plant } = herd;
  const skews = Array.from({ length: nodes }, () => 0);
  const fleet = new Fleet({ scheduler, skews, times: 1, ...(plant !== undefined && { plant }) });
  for (const { ready } of fleet.nodes) void ready();
  await drain(scheduler);
  await callAll(fleet, herd);
  await drain(scheduler);
  const dead = herd.dies === true ? killHolder(fleet) : undefined;
  const takenOverMs = await settle(fleet, scheduler, dead);
  const alive = fleet.history.operations.filter(({ node }) => node !== dead);
  await fleet.close();
  return {
    loads: fleet.history.births.length,
    calls: alive.length,
    answered: alive.filter(({ answer }) => answer !== undefined).length,
    takenOverMs,
    history: fleet.history,
  };
}

async function callAll(fleet: Fleet, { nodes, callers, steps, scheduler }: Herd): Promise<void> {
  for (let caller = 0; caller < nodes * callers; caller += 1) {
    operate(fleet, { type: "getOrSet", node: caller % nodes, key: "a", policy: "plain" });
    for (let step = 0; step < (steps[caller % steps.length] ?? 0) && scheduler.count() > 0; step += 1) {
      await scheduler.waitOne();
      await nextTurn();
    }
  }
}

function killHolder(fleet: Fleet): number | undefined {
  const holder = fleet.history.births[0]?.node;
  if (holder === undefined) return undefined;
  fleet.nodes[holder]?.line.cut();
  fleet.hub.cut(`node ${holder}`);
  return holder;
}

/** Lets loads end, but for those of the dead, and time pass, until all who live have an answer. */
async function settle(fleet: Fleet, scheduler: Scheduler, dead: number | undefined): Promise<number | undefined> {
  const before = fleet.history.births.length;
  let takenOverMs: number | undefined;
  for (let round = 0; round < MOST_ROUNDS && !isOver(fleet, dead); round += 1) {
    await drain(scheduler);
    if (takenOverMs === undefined && fleet.history.births.length > before) takenOverMs = round * ROUND_MS;
    if (dead === undefined || fleet.history.births.length > before)
      fleet.origin.land(dead === undefined ? 0 : 1, "loaded");
    await drain(scheduler);
    await fleet.steady.advance(ROUND_MS);
  }
  return takenOverMs;
}

function isOver({ history }: Fleet, dead: number | undefined): boolean {
  return history.operations.every(({ node, outcome }) => node === dead || outcome !== "pending");
}
