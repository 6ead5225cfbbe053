import { expect } from "vitest";
import type { CallKind, Span } from "./fault-fleet.js";
import { latencyOf } from "./latencies.mjs";
import { amiss, type Ending, type NodeOutcome, type Outcome } from "./outcome.js";
import { LENIENCE_MS, MESSAGE_MS, NOTICE_MS } from "./plan.js";

/** What holds in and after every fault. Each throws where it does not. */
export const checks = {
  "C22 C23: no call fails, and none hangs": (outcome: Outcome) => {
    expect(Math.min(...outcome.nodes.map(({ calls }) => calls))).toBeGreaterThan(100);
    expect(amiss(outcome, ({ failed }) => failed)).toEqual({});
    expect(amiss(outcome, ({ hung }) => hung)).toEqual({});
  },
  "C25: a node never reads what was there before its own change": ({ findings }: Outcome) => {
    expect(findings.whole.changes).toBeGreaterThan(0);
    expect(findings.whole.reads).toBeGreaterThan(100);
    expect(findings.whole.own).toEqual([]);
  },
  "C20: no node reads for longer what another one has changed": ({ findings, isMute, lostMs }: Outcome) => {
    expect(findings.during.reads).toBeGreaterThan(100);
    if (isMute === true) return;
    for (const { ages, oldest } of Object.values(findings)) {
      const tooOld = ages.filter((age) => age > NOTICE_MS + MESSAGE_MS + LENIENCE_MS + lostMs);
      expect({ tooOld, oldest }).toEqual({ tooOld: [], oldest });
    }
  },
  "C21: in the end all nodes agree with the origin": ({ disagreements }: Outcome) => {
    expect(disagreements).toEqual([]);
  },
  "C26: what Redis missed is kept within bounds, and made up for": (outcome: Outcome) => {
    expect(Math.max(...outcome.nodes.map(({ slices }) => most(slices, "owed")))).toBeLessThanOrEqual(10_000);
    expect(amiss(outcome, ({ owedAtLast }) => owedAtLast)).toEqual({});
  },
  "C23: calls without an answer are bounded, and so is memory": (outcome: Outcome) => {
    expect(Math.max(...outcome.nodes.map(({ slices }) => most(slices, "pending")))).toBeLessThanOrEqual(20_000);
    for (const { heldBytes } of outcome.nodes) expect(heldBytes[1] - heldBytes[0]).toBeLessThan(10_000_000);
  },
  "C28: no rejection and no exception goes unhandled": (outcome: Outcome) => {
    expect(amiss(outcome, ({ unhandled }) => unhandled)).toEqual({});
  },
} as const;

/** What holds at the end of every process. */
export function checkEndings(endings: readonly Ending[]): void {
  expect(endings.length).toBeGreaterThan(0);
  for (const { name, left, exit, unhandled } of endings) {
    expect({ name, left, exit, unhandled }).toEqual({ name, left: [], exit: 0, unhandled: [] });
  }
}

export type CheckName = keyof typeof checks;

export function most(slices: NodeOutcome["slices"], figure: "owed" | "pending" | "queued" | "open"): number {
  return slices.reduce((highest, slice) => Math.max(highest, slice[figure]), 0);
}

/** Whether every node's circuit breaker has opened. */
export function breakersOpened({ nodes }: Outcome): boolean {
  return nodes.every(breakerOpened);
}

export function breakerOpened({ breaker }: NodeOutcome): boolean {
  return breaker.some(({ state }) => state === "open");
}

/** Whether some node has reported `reason`. */
export function reported({ nodes }: Outcome, reason: RegExp): boolean {
  return nodes.some(({ reports }) => Object.keys(reports).some((report) => reason.test(report)));
}

/** Whether a node's bus has told of a gap since the fault began. */
export function metGap(name: string): (outcome: Outcome) => boolean {
  return ({ nodes }) => nodes.some((node) => node.name === name && node.gaps[1] > node.gaps[0]);
}

/** The shortest that a call of a kind took, in milliseconds, of those that ended some time after `from`. */
export function shortest({ slices }: NodeOutcome, kind: CallKind, { from, to }: Span): number {
  // A slice has the calls that ended since the one before it, however long ago that was.
  const within = slices.filter(({ at }, place) => at <= to && (slices[place - 1]?.at ?? 0) > from + 500);
  const buckets = within.flatMap(({ kinds }) => kinds[kind].map(([bucket]) => bucket));
  return latencyOf(Math.min(...buckets));
}
