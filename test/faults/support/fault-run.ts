import type { StoreHealth } from "@granary/core";
import { lostTime } from "../../support/lost-time.js";
import { machineMs } from "../../support/machine-ms.mjs";
import type { Fault } from "./fault.js";
import type { FaultFleet, FaultNode, NodeResult, Span } from "./fault-fleet.js";
import type { Ending, NodeOutcome, Outcome } from "./outcome.js";
import { plan } from "./plan.js";
import { waitUntil } from "./wait-until.js";

/** Has a fleet work, with `fault` in the middle, and takes stock. */
export async function faultRun(fleet: FaultFleet, fault: Fault, patienceMs = 60_000): Promise<Outcome> {
  const { nodes } = fleet;
  const lost = lostTime();
  const ownPlan = { ...plan, ...fault.plan };
  await each(nodes, (node) => node.ask("warm"));
  await each(nodes, (node) => node.ask("start", ownPlan.perSecond));
  const atFirst = await each(nodes, stockOf);
  const before = await spanOfLoad(nodes, ownPlan.beforeMs);
  await fault.begin(fleet);
  const from = before.to;
  await spanOfLoad(nodes, ownPlan.faultMs / 2);
  await fault.midway?.(fleet);
  await spanOfLoad(nodes, ownPlan.faultMs / 2);
  const atEnd = await each(nodes, heldBytes);
  const evidence = (await fault.evidence?.(fleet)) ?? "";
  await fault.end(fleet);
  const to = machineMs();
  const recovered = await each(nodes, (node) => recovery(node, to));
  const after = await spanOfLoad(nodes, ownPlan.afterMs);
  const spans = { before, fault: { from, to }, after };
  const stock = nodes.map(
    (_, at): Stock => ({
      heldBytes: [atFirst[at]!.heldBytes, atEnd[at]!],
      gapsBefore: atFirst[at]!.gaps,
      recoveredMs: recovered[at]! - to,
    }),
  );
  const { name, lines, binds = "resolvedAt", isMute = false } = fault;
  const settled = await settle(fleet, { spans, stock, binds, patienceMs });
  const marks = fault.marks?.() ?? [spans.fault];
  lost.stop();
  return { name, lines, isMute, lostMs: lost.ms, plan: ownPlan, spans, marks, evidence, ...settled };
}

interface Stock extends Pick<NodeOutcome, "heldBytes" | "recoveredMs"> {
  readonly gapsBefore: number;
}

async function stockOf(node: FaultNode): Promise<{ readonly heldBytes: number; readonly gaps: number }> {
  return { heldBytes: await heldBytes(node), gaps: await gaps(node) };
}

const heldBytes = (node: FaultNode): Promise<number> => node.ask("collected");
const gaps = (node: FaultNode): Promise<number> => node.ask("gaps");

interface Settling extends Pick<Outcome, "spans"> {
  readonly stock: readonly Stock[];
  readonly binds: "resolvedAt" | "takenAt";
  /** How long nodes may take to agree in the end. */
  readonly patienceMs: number;
}

/** Ends the load, and has the observer judge. */
async function settle(
  fleet: FaultFleet,
  { spans, stock, binds, patienceMs }: Settling,
): Promise<Pick<Outcome, "nodes" | "findings" | "disagreements" | "agreedMs">> {
  const { nodes, observer } = fleet;
  const results = await each(nodes, (node) => node.ask<NodeResult>("stop"));
  const owed = await each(nodes, owedAtLast);
  const disagreements = await lastDisagreements(fleet, patienceMs);
  const gapsAtEnd = await each(nodes, gaps);
  const healedAt = spans.fault.to;
  const healed = { from: healedAt, to: machineMs(), binds: "resolvedAt", madeUntil: healedAt } as const;
  const agreedMs = (await observer.findings(healed)).lastOldAt - healedAt;
  const findings = {
    during: await observer.findings({ ...spans.fault, binds }),
    whole: await observer.findings({ from: spans.before.from, to: machineMs(), binds: "takenAt" }),
  };
  const outcomes = nodes.map(({ name, slices }, at): NodeOutcome => {
    const own = slices.filter((slice) => slice.at > spans.before.from);
    const { gapsBefore, ...more } = stock[at]!;
    const told = [gapsBefore, gapsAtEnd[at]!] as const;
    return { ...results[at]!, ...more, gaps: told, owedAtLast: owed[at]!, name, slices: own };
  });
  return { nodes: outcomes, findings, disagreements, agreedMs };
}

/** Closes the caches of a node, and has its process end by itself. */
export async function endNode(node: FaultNode): Promise<Ending> {
  const closing = await node.close();
  return { name: node.name, ...closing, exit: await node.leave() };
}

export function each<T>(nodes: readonly FaultNode[], act: (node: FaultNode) => Promise<T>): Promise<readonly T[]> {
  return Promise.all(nodes.map(act));
}

/** Lets the load go on until every node has told of `ms` more of it. */
export async function spanOfLoad(nodes: readonly FaultNode[], ms: number): Promise<Span> {
  const from = machineMs();
  await waitUntil({
    look: () => Math.min(...nodes.map(({ slices }) => slices.at(-1)?.at ?? 0)),
    holds: (toldUntil) => toldUntil >= from + ms,
    withinMs: ms + 60_000,
  });
  return { from, to: machineMs() };
}

/** When a node's store is well again, and is owed nothing. */
async function recovery({ slices }: FaultNode, healedAt: number): Promise<number> {
  const well = await waitUntil({
    look: () => slices.find(({ at, state, owed }) => at > healedAt && state === "closed" && owed === 0),
    holds: (slice) => slice !== undefined,
  });
  return well?.at ?? Number.NaN;
}

/** What a node still owes to Redis when it has had time to make up for everything. */
async function owedAtLast(node: FaultNode): Promise<number> {
  const look = async (): Promise<number> => (await node.ask<StoreHealth>("health")).owed;
  return waitUntil({ look, holds: (owed) => owed === 0 }).catch(look);
}

/** Keys under which some node reads something else than the origin has, once it has had time to hear of it. */
async function lastDisagreements({ nodes, observer }: FaultFleet, withinMs: number): Promise<readonly string[]> {
  const versions = await observer.versions();
  const look = async (): Promise<readonly Disagreement[]> => {
    const read = await each(nodes, (node) => node.ask<Record<string, number>>("readAll"));
    return read.flatMap((values, at) =>
      Object.entries(values)
        .map(([key, version]) => ({ node: nodes[at]!, key, version, origin: versions[key] ?? 0 }))
        .filter(({ version, origin }) => version !== origin),
    );
  };
  const last = await waitUntil({ look, holds: (disagreements) => disagreements.length === 0, withinMs }).catch(look);
  return Promise.all(
    last.map(async ({ node, key, version, origin }) => {
      const held = JSON.stringify(await node.ask("held", key));
      return `${node.name} has version ${version} of ${key}, the origin ${origin}: ${held}`;
    }),
  );
}

interface Disagreement {
  readonly node: FaultNode;
  readonly key: string;
  readonly version: number;
  readonly origin: number;
}
