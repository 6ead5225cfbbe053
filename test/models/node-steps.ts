import type { Step } from "./explore.js";
import { generationsOf, makeRecords, tell } from "./far-changes.js";
import { after, type Node, type State } from "./fleet-state.js";
import { isValid, type LevelRecord } from "./generations.js";
import type { Parts, Steps } from "./model-parts.js";

/** A node, and where it stands. */
interface At<Where extends Node["at"]> {
  readonly i: 0 | 1;
  readonly node: Extract<Node, { readonly at: Where }>;
}

/** What a reader on A is given. */
interface Answer {
  readonly by: "near" | "far";
  readonly value: number;
  readonly isChecked?: boolean;
}

/** Reads and loads of node A, or of node B. */
export function* nodeSteps(parts: Parts, state: State, i: 0 | 1): Steps {
  const node = state.nodes[i];
  if (node.at === "idle") yield* reads(parts, state, i);
  if (node.at === "asked") yield answered(parts, state, { i, node });
  if (node.at === "looked") yield* acquires(parts, state, { i, node });
  if (node.at === "loading")
    yield [
      `${name(i)} loads ${state.origin}`,
      after(state, (x) => void (x.nodes[i] = { ...node, at: "loaded", value: x.origin })),
    ];
  if (node.at === "loaded") yield fills(parts, state, { i, node });
}

function* reads(parts: Parts, state: State, i: 0 | 1): Steps {
  const { near } = state;
  const { rules } = parts;
  const isCutOff = i === 0 && state.isCutOff;
  if (i === 0 && near !== null && isServed(parts, state)) {
    yield [
      `A serves its copy ${near.entry.value}`,
      after(state, (x) => give(x, { by: "near", value: near.entry.value })),
    ];
    return;
  }
  if (isCutOff)
    yield [
      "A asks in vain",
      after(state, (x) => void (x.nodes[i] = { at: "looked", generations: null, ticket: x.ticket })),
    ];
  else
    yield [
      `${name(i)} asks`,
      after(state, (x) => {
        // A far store that answers again has the last word on what it was not given.
        if (i === 0 && rules.copiesAloneConfirmed && x.near?.isAlone === true) x.near = null;
        x.nodes[i] = {
          at: "asked",
          entry: x.far.entry,
          records: x.far.records,
          ticket: x.ticket,
          hidden: i === 0 && x.owed !== null,
        };
      }),
    ];
}

/** Whether the copy of A may be given as fresh. */
function isServed({ rules }: Parts, { near, known, isCutOff }: State): boolean {
  if (near === null) return false;
  if (near.isAlone) return !rules.copiesAloneConfirmed || isCutOff;
  return isValid(known, near.entry, rules);
}

function answered({ rules, near }: Parts, state: State, { i, node }: At<"asked">): Step<State> {
  const isCurrent = i === 1 || !rules.tickets || node.ticket === state.ticket;
  const { records } = node;
  const lost =
    i === 0 && isCurrent && rules.lossesNoticed
      ? records.findIndex((record, level) => isBehind(record, state.known[level]))
      : -1;
  if (lost >= 0)
    return [
      `A has an answer that is behind what it knows of level ${lost}`,
      after(state, (x) => {
        x.nodes[0] = { at: "idle" };
        x.known = x.known.map(() => null);
        x.near = null;
        tell(x, { what: "clear", level: lost, version: x.far.must }, rules);
      }),
    ];
  const isHidden = rules.hiddenUntilRepair && i === 0 && (node.hidden || state.owed !== null);
  const { entry } = node;
  if (entry !== null && !isHidden && isValid(records, entry, rules))
    return [
      `${name(i)} has the answer ${entry.value}`,
      after(state, (x) => {
        x.nodes[i] = { at: "idle" };
        if (i === 1) return;
        if (near && isCurrent) {
          x.known = [...records];
          x.near = { entry, isAlone: false };
        }
        give(x, { by: "far", value: entry.value, isChecked: isCurrent });
      }),
    ];
  return [
    `${name(i)} has the answer: nothing`,
    after(state, (x) => {
      if (i === 0 && isCurrent) x.known = records;
      x.nodes[i] = { at: "looked", generations: generationsOf(node.records), ticket: node.ticket };
    }),
  ];
}

/** Whether the far store has lost invalidations of a level that are known here. */
function isBehind(record: LevelRecord | null, known: LevelRecord | null | undefined): boolean {
  return record !== null && record.epoch === known?.epoch && record.sequence < known.sequence;
}

function* acquires({ rules }: Parts, state: State, { i, node }: At<"looked">): Steps {
  if (i === 0 && state.isCutOff) {
    yield [
      "A loads alone",
      after(
        state,
        (x) => void (x.nodes[i] = { at: "loading", generations: null, ticket: node.ticket, value: 0, isAlone: true }),
      ),
    ];
    return;
  }
  if (state.far.lease !== null && rules.fence) return;
  yield [
    `${name(i)} acquires`,
    after(state, (x) => {
      makeRecords(x, rules);
      x.far.lease = i;
      x.nodes[i] = {
        at: "loading",
        generations: generationsOf(x.far.records),
        ticket: node.ticket,
        value: 0,
        isAlone: false,
      };
    }),
  ];
}

function fills({ rules, near }: Parts, state: State, { i, node }: At<"loaded">): Step<State> {
  const isCutOff = i === 0 && state.isCutOff;
  const isCurrent = i === 1 || !rules.tickets || node.ticket === state.ticket;
  const { value } = node;
  return [
    `${name(i)} fills ${value}`,
    after(state, (x) => {
      x.nodes[i] = { at: "idle" };
      const mine = x.far.lease === i || !rules.fence;
      if (i === 0) give(x, { by: "far", value, isChecked: isCurrent });
      if (node.isAlone || isCutOff) {
        if (!isCurrent) return;
        if (near) x.near = { entry: { value, generations: [] }, isAlone: true };
        if (rules.loadsAloneRepaired) x.owed = Math.max(x.owed ?? 0, value);
        return;
      }
      if (!mine) return;
      const generations = rules.loadsCarryTheirBeginning ? node.generations : generationsOf(x.far.records);
      x.far.lease = null;
      if (generations === null) return;
      x.far.entry = { value, generations };
      if (i === 0 && near && isCurrent) x.near = { entry: x.far.entry, isAlone: false };
    }),
  ];
}

/** A reader on A is given `value`. What was overtaken goes to those who asked before, and is not held against it. */
function give(x: State, { by, value, isChecked = true }: Answer): void {
  if (!isChecked) return;
  x.given = { by, value, isQuiet: x.inbox.length === 0 };
  if (value > x.seen) x.seen = value;
}

function name(i: 0 | 1): string {
  return i === 0 ? "A" : "B";
}
