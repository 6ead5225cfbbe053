import type { Step } from "./explore.js";
import { generationsOf, makeRecords, tell, told } from "./far-changes.js";
import type { Action, FleetRules } from "./fleet-rules.js";
import { after, type State } from "./fleet-state.js";
import type { Parts, Steps } from "./model-parts.js";

/** Changes by a writer and by A, and what makes up for those that were lost or not taken. */
export function* writerSteps({ rules, may, changes, last }: Parts, state: State): Steps {
  const w = state.setting;
  if (w !== null)
    yield [
      `the set is written`,
      after(state, (x) => {
        x.setting = null;
        const version = ++x.origin;
        x.far.entry = { value: version, generations: w };
        told(x, { what: "set", level: last, version });
      }),
    ];
  if (state.owedByWriter !== null)
    yield [
      "the writer repairs",
      after(state, (x) => {
        tell(x, { what: "key", level: last, version: x.owedByWriter ?? 0 }, rules);
        x.owedByWriter = null;
      }),
    ];
  if (state.owed !== null && !state.isCutOff) yield ["A repairs", after(state, (x) => repairs(x, rules, last))];
  for (const [at, change] of state.lost.entries())
    yield [
      `${change.what} ${change.version} is told again`,
      after(state, (x) => {
        x.lost.splice(at, 1);
        tell(x, change.what === "set" ? { ...change, what: "key" } : change, rules);
      }),
    ];
  if (state.origin >= changes) return;
  const change = (what: string, then: (next: State, version: number) => void): Step<State> => [
    `the origin becomes ${state.origin + 1}: ${what}`,
    after(state, (x) => then(x, ++x.origin)),
  ];
  const simple = {
    clear: ["clear", last],
    "clear root": ["clear", 0],
    tag: ["tag", last],
    delete: ["key", last],
  } as const;
  for (const [action, [what, level]] of Object.entries(simple))
    if (may.has(action as Action)) yield change(action, (x, version) => tell(x, { what, level, version }, rules));
  if (may.has("set"))
    yield change("set", (x, version) => {
      makeRecords(x, rules);
      x.far.entry = { value: version, generations: generationsOf(x.far.records) ?? [] };
      told(x, { what: "set", level: last, version });
    });
  if (may.has("set in two steps") && w === null)
    yield [
      "a set reads the records",
      after(state, (x) => {
        makeRecords(x, rules);
        x.setting = generationsOf(x.far.records);
      }),
    ];
  if (may.has("writer cut off") && state.owedByWriter === null)
    yield change("a delete that is not taken", (x, version) => void (x.owedByWriter = version));
  if (may.has("A changes")) yield change("A sets it", (x, version) => setsItself(x, rules, version));
}

/** A writes: its readers see it at once, and the far store takes it where it can be reached. */
function setsItself(x: State, rules: FleetRules, version: number): void {
  x.ticket += 1;
  x.mustHere = version;
  x.seen = version;
  x.owed = x.isCutOff ? version : null;
  x.near = { entry: { value: version, generations: [] }, isAlone: true };
  if (x.isCutOff) return;
  makeRecords(x, rules);
  x.far.entry = { value: version, generations: generationsOf(x.far.records) ?? [] };
  x.far.lease = null;
  x.far.must = version;
  if (x.replica !== null) x.since.push({ what: "set", level: x.known.length - 1, version });
  x.known = [...x.far.records];
  x.near = { entry: x.far.entry, isAlone: false };
}

/** What the far store has missed is deleted there, whatever it was. */
function repairs(x: State, rules: FleetRules, level: number): void {
  const version = x.owed ?? 0;
  x.owed = null;
  x.ticket += 1;
  if (rules.repairDeletes) tell(x, { what: "key", level, version }, rules);
  else if (x.near !== null) {
    makeRecords(x, rules);
    x.far.entry = { value: x.near.entry.value, generations: generationsOf(x.far.records) ?? [] };
    x.far.lease = null;
  }
  x.near = null;
}
