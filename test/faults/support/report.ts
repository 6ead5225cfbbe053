import { execFileSync } from "node:child_process";
import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { root } from "../../support/workspace.js";
import { most } from "./checks.js";
import type { CallKind } from "./fault-fleet.js";
import { kinds, latencies } from "./figures.js";
import type { Outcome } from "./outcome.js";
import { picture } from "./picture.js";

const FOLDER = `${root}test-results/faults/`;
const PUBLISHED = `${root}docs/faults/`;

/** Keeps what a run came to, for the report, with its picture. */
export async function saveOutcome(outcome: Outcome): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  const slug = slugOf(outcome);
  await writeFile(`${FOLDER}${slug}.json`, JSON.stringify(outcome));
  await writeFile(`${FOLDER}${slug}.svg`, picture(outcome));
}

/**
 * Writes a report of all that was kept, in `test-results/faults`, by this run and by others. With
 * `GRANARY_PUBLISH_FAULTS` in the environment it also becomes the published one, in `docs/faults`.
 */
export async function writeReport(): Promise<void> {
  const names = (await readdir(FOLDER)).filter((name) => name.endsWith(".json"));
  const texts = await Promise.all(names.map((name) => readFile(`${FOLDER}${name}`, "utf8")));
  const outcomes = texts.map((text) => JSON.parse(text) as Outcome).sort((one, other) => compare(one, other));
  await writeFile(`${FOLDER}report.md`, report(outcomes));
  if (process.env["GRANARY_PUBLISH_FAULTS"] === undefined) return;
  await mkdir(PUBLISHED, { recursive: true });
  for (const name of ["report.md", ...outcomes.map((outcome) => `${slugOf(outcome)}.svg`)]) {
    await cp(FOLDER + name, PUBLISHED + name);
  }
}

function compare(one: Outcome, other: Outcome): number {
  return `${one.lines} ${one.name}` < `${other.lines} ${other.name}` ? -1 : 1;
}

function slugOf({ name }: Outcome): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
}

function report(outcomes: readonly Outcome[]): string {
  return `# Faults: what a run measured

Nodes of their own processes on one Redis, under load at a fixed rate, meet one fault after the other. Latencies are
counted from the instant at which a call was due, so a call that waits behind others is counted with its wait. Loaders
take 10 ms. The tests hold the counts against the contract; no test depends on the figures in milliseconds, which stand
here beside their bounds. How each fault goes, and what to do about it: [faults.md](../faults.md).

${machine()}

## What came of each fault

| fault | lines | lasted | calls | failed, hung | own change not read | oldest read | most owed | most pending | memory | well again after |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
${outcomes.map(rowOf).join("\n")}

*Calls* are of all nodes, at so many a second each. *Own change not read*: reads that a node began after its own change
had resolved, and that gave what was there before. *Oldest read*: for how long what a node read had been changed by
another one, while the fault lasted; the bound is 2,050 ms. *Owed* and *pending* are those of one node; *pending* calls of
Redis have no answer, given up or not. *Memory* is what a node held more at the end of the fault than before it, after
collecting garbage; the bound is 10 MB. *Well again*: when the breaker of the last node was closed and nothing was owed,
from the end of the fault; the bound for what is owed is 2 s.

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
  return `Measured with Node ${process.versions.node} and Redis ${version}, on ${cpus().length} cores of ${cpu?.model.trim()}.`;
}

function rowOf(outcome: Outcome): string {
  const { name, lines, spans, nodes, findings, plan } = outcome;
  const calls = nodes.reduce((sum, node) => sum + node.calls, 0);
  const failed = nodes.flatMap((node) => Object.values(node.failed)).reduce((sum, count) => sum + count, 0);
  const hung = nodes.reduce((sum, node) => sum + node.hung, 0);
  const oldest = Math.max(0, ...findings.during.ages);
  const memory = Math.max(...nodes.map(({ heldBytes }) => heldBytes[1] - heldBytes[0])) / 1e6;
  const cells = [
    `[${name}](${slugOf(outcome)}.svg)`,
    lines,
    `${((spans.fault.to - spans.fault.from) / 1_000).toFixed(1)} s`,
    `${calls}, ${plan.perSecond}/s`,
    `${failed}, ${hung}`,
    String(findings.whole.own.length),
    `${oldest.toFixed(0)} ms`,
    String(Math.max(...nodes.map(({ slices }) => most(slices, "owed")))),
    String(Math.max(...nodes.map(({ slices }) => most(slices, "pending")))),
    `${memory.toFixed(1)} MB`,
    `${Math.max(...nodes.map(({ recoveredMs }) => recoveredMs)).toFixed(0)} ms`,
  ];
  return `| ${cells.join(" | ")} |`;
}

/** What the contract allows while Redis is away, in milliseconds. */
const bounds: Readonly<Partial<Record<CallKind, string>>> = {
  hit: "p99 within 10 % of before",
  cold: "p99 ≤ 270: load, l2Timeout and 10; ≤ 11 once the breaker is open",
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
  const rows = kinds.map((kind) => {
    const cells = [spans.before, spans.fault, spans.after].map((span) => cellOf(outcome, kind, span));
    return `| ${titles[kind]} | ${cells.join(" | ")} | ${bounds[kind] ?? ""} |`;
  });
  return `### ${name}

![latency over time](${slugOf(outcome)}.svg)

| call | before | while it lasts | after | bound while Redis is away |
| --- | --- | --- | --- | --- |
${rows.join("\n")}`;
}

function cellOf(outcome: Outcome, kind: CallKind, span: Outcome["spans"]["before"]): string {
  const found = latencies(outcome, kind, span);
  if (found === undefined) return "none";
  return [found.p50, found.p99, found.max].map((ms) => (ms < 10 ? ms.toFixed(1) : ms.toFixed(0))).join(" / ");
}
