import { execFileSync } from "node:child_process";
import { cpus } from "node:os";
import { most } from "./checks.js";
import { contractTable } from "./contract-lines.js";
import type { CallKind, Slice } from "./fault-fleet.js";
import { aboutOpening, kinds, latenciesOf, slicesIn } from "./figures.js";
import type { NodeOutcome, Note, Outcome } from "./outcome.js";

/** A run that lasts longer is told of in stretches. */
const LONG_MS = 60_000;
const STRETCH_MS = 10_000;

/** Names the files of what was kept under a name. */
export function slugOf({ name }: Pick<Note, "name">): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
}

export function reportText(outcomes: readonly Outcome[], notes: readonly Note[]): string {
  return `# Faults: what a run measured

Nodes of their own processes on one Redis, under load at a fixed rate, meet one fault after the other. Latencies are
counted from the instant at which a call was due, so a call that waits behind others is counted with its wait. Loaders
take 10 ms. The tests hold the counts against the contract; no test depends on the figures in milliseconds, which stand
here beside their bounds. How each fault goes, and what to do about it: [faults.md](../faults.md).

${machine()}

## What came of each fault

| fault | lines | lasted | calls | failed, hung, own | p50 / p99 / longest | oldest read | agreed after | well after | owed | pending | memory | left |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
${outcomes.map(rowOf).join("\n")}

- *Calls*: of all nodes, and how many a second each of them made.
- *Failed, hung, own*: calls that rejected; calls that had not ended 5 s after the last one had begun; reads that a node
  began after its own change had resolved, and that gave what was there before.
- *p50 / p99 / longest*: of all calls while the fault lasted, in milliseconds.
- *Oldest read*: for how long what a node read had been changed by another one, while the fault lasted; the bound is
  2,050 ms.
- *Agreed after*: until when, from the end of the fault, some node read what had been changed before that end; the bound
  is 2 s. *Well after*: when the breaker of the last node was closed and nothing was owed; the bound for what is owed is
  2 s.
- *Owed*: changes that Redis had not taken, the most on one node. *Pending*: calls of Redis without an answer, given up
  or not, the most on one node.
- *Memory*: what a node held more at the end of the fault than before it, after collecting garbage; the bound is 10 MB.
- *Left*: timers and sockets after \`close()\`, of all nodes whose processes then ended by themselves.

## The contract, line by line

${contractTable(outcomes, notes)}
${outcomes.filter(isLong).map(stretchesSection).join("\n\n")}

## Latency

In milliseconds, each as p50 / p99 / longest.

${outcomes.map(latencySection).join("\n\n")}
`;
}

/** Where and with what it was measured. */
function machine(): string {
  const redis = execFileSync("redis-server", ["--version"], { encoding: "utf8" });
  const version = /v=(\S+)/.exec(redis)?.[1];
  const [cpu] = cpus();
  const date = new Date().toISOString().slice(0, 10);
  return `Measured on ${date} with Node ${process.versions.node} and Redis ${version}, on ${cpus().length} cores of ${cpu?.model.trim()}, which other work shared.`;
}

function rowOf(outcome: Outcome): string {
  const { name, lines, spans, nodes, findings, plan, agreedMs, endings } = outcome;
  const failed = nodes.flatMap((node) => Object.values(node.failed));
  const memory = Math.max(...nodes.map(({ heldBytes }) => heldBytes[1] - heldBytes[0])) / 1e6;
  const highest = (figure: (node: NodeOutcome) => number): number => Math.max(...nodes.map(figure));
  const cells = [
    `[${name}](#${anchorOf(name)})`,
    lines,
    `${((spans.fault.to - spans.fault.from) / 1_000).toFixed(1)} s`,
    `${sum(nodes.map(({ calls }) => calls))}, ${plan.perSecond}/s`,
    `${sum(failed)}, ${sum(nodes.map(({ hung }) => hung))}, ${findings.whole.own.length}`,
    cellOf(slicesIn(outcome, spans.fault), ...kinds),
    `${Math.max(0, ...findings.during.ages).toFixed(0)} ms`,
    `${agreedMs.toFixed(0)} ms`,
    `${highest(({ recoveredMs }) => recoveredMs).toFixed(0)} ms`,
    String(highest(({ slices }) => most(slices, "owed"))),
    String(highest(({ slices }) => most(slices, "pending"))),
    `${memory.toFixed(1)} MB`,
    endings === undefined ? "" : String(sum(endings.map(({ left }) => left.length))),
  ];
  return `| ${cells.join(" | ")} |`;
}

/** What a heading is linked by. */
function anchorOf(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9 -]/g, "")
    .replaceAll(" ", "-");
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

function isLong({ spans: { fault } }: Outcome): boolean {
  return fault.to - fault.from > LONG_MS;
}

/** What became of a long run over time: above all of its memory. */
function stretchesSection(outcome: Outcome): string {
  const { name, nodes, spans, endings = [] } = outcome;
  const count = Math.floor((spans.after.to - spans.before.from) / STRETCH_MS);
  const rows = Array.from({ length: count }, (_, at) => {
    const from = spans.before.from + at * STRETCH_MS;
    const slices = slicesIn(outcome, { from, to: from + STRETCH_MS });
    const own = nodes.map((node) => slicesIn({ ...outcome, nodes: [node] }, { from, to: from + STRETCH_MS }));
    const heaps = own.map((each) => megabytes(Math.min(...each.map(({ heapUsed }) => heapUsed))));
    const resident = own.map((each) => megabytes(Math.max(...each.map(({ rss }) => rss))));
    const latencies = (["hit", "cold", "stale"] as const).map((kind) => cellOf(slices, kind));
    const cells = [`${(at * STRETCH_MS) / 1_000} s`, heaps.join(", "), resident.join(", "), ...latencies];
    return `| ${cells.join(" | ")} |`;
  });
  const held = nodes.map(({ heldBytes: [before, end] }) => `${megabytes(before)} and ${megabytes(end)} MB`);
  const left = endings.map(({ left: resources, closedMs }) => `${resources.length}, within ${closedMs.toFixed(0)} ms`);
  return `
## Over time: ${name}

After collecting garbage each node held, before the first fault and at the end of the last one: ${held.join("; ")}. Timers
and sockets that each left after \`close()\`: ${left.join("; ")}.

| from | least heap of each node, MB | most resident, MB | hit in memory | cold key | stale at hand |
| --- | --- | --- | --- | --- | --- |
${rows.join("\n")}`;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

/** What the contract allows while Redis is away, in milliseconds: until a breaker has opened, and from then on. */
const bounds: Readonly<Partial<Record<CallKind, string>>> = {
  hit: "p99 within 10 % of before",
  cold: "p99 ≤ 270: load, l2Timeout and 10; then ≤ 11",
  stale: "p99 ≤ 110: softTimeout and 10",
};

const titles: Readonly<Record<CallKind, string>> = {
  hit: "hit in memory",
  miss: "not in memory",
  cold: "cold key",
  stale: "stale at hand",
  write: "set, delete",
};

function latencySection(outcome: Outcome): string {
  const { name, spans } = outcome;
  const parts = [slicesIn(outcome, spans.before), ...aboutOpening(outcome), slicesIn(outcome, spans.after)];
  const rows = kinds.map((kind) => {
    const cells = parts.map((slices) => cellOf(slices, kind));
    return `| ${titles[kind]} | ${cells.join(" | ")} | ${bounds[kind] ?? ""} |`;
  });
  return `### ${name}

![latency over time](${slugOf(outcome)}.svg)

| call | before | until a breaker opened | from then on | after | bound while Redis is away |
| --- | --- | --- | --- | --- | --- |
${rows.join("\n")}`;
}

function cellOf(slices: readonly Slice[], ...wanted: readonly CallKind[]): string {
  const found = latenciesOf(slices, ...wanted);
  if (found === undefined) return "";
  return [found.p50, found.p99, found.max].map((ms) => (ms < 10 ? ms.toFixed(1) : ms.toFixed(0))).join(" / ");
}
