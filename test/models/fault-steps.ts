import type { Step } from "./explore.js";
import type { FleetRules } from "./fleet-rules.js";
import { after, type Change, type Far, type Message, type State } from "./fleet-state.js";
import { merged } from "./generations.js";
import type { Parts, Steps } from "./model-parts.js";

/** Messages come in any order, or are lost. */
export function* busSteps({ rules, may, faults }: Parts, state: State): Steps {
  for (const [at, message] of state.inbox.entries()) {
    yield [`A hears ${message.what}`, after(state, (x) => hears(x, at, rules))];
    if (may.has("lose messages") && message.what !== "gap" && state.faults < faults)
      yield [`the word of ${message.what} is lost`, after(state, (x) => loses(x, at))];
  }
}

function loses(x: State, at: number): void {
  x.faults += 1;
  x.inbox[at] = { what: "gap" };
}

function hears(x: State, at: number, rules: FleetRules): void {
  const [message] = x.inbox.splice(at, 1);
  if (message === undefined || (message.what === "gap" && !rules.gaps)) return;
  // No generation tells how old a copy is that the far store does not have.
  if (message.what === "key" || x.near?.isAlone === true) x.near = null;
  if (message.what === "gap") x.known = x.known.map(() => null);
  if (message.what === "level") hearsRecord(x, message, rules);
  if (message.what !== "level" || rules.invalidationsRaiseTickets) x.ticket += 1;
}

function hearsRecord(x: State, { level, record }: Extract<Message, { what: "level" }>, rules: FleetRules): void {
  const known = x.known[level] ?? null;
  if (known?.epoch === record.epoch) x.known[level] = merged(known, record);
  else if (rules.otherEpochsHeard) x.known[level] = null;
}

/** What can go wrong with the far store, or between it and node A. */
export function* faultSteps({ rules, may, faults }: Parts, state: State): Steps {
  if (may.has("cut off A") && state.isCutOff) yield ["A is back", after(state, (x) => void (x.isCutOff = false))];
  if (state.faults >= faults) return;
  const fault = (what: string, change: (next: State) => void): Step<State> => [
    what,
    after(state, (x) => {
      x.faults += 1;
      change(x);
    }),
  ];
  const held = may.has("evict") ? state.far.records : [];
  for (const [level, record] of held.entries())
    if (record !== null)
      yield fault(`the record of level ${level} is evicted`, (x) => void (x.far.records[level] = null));
  if (may.has("evict") && state.far.entry !== null)
    yield fault("the entry is evicted", (x) => void (x.far.entry = null));
  if (may.has("flush"))
    yield fault("everything is flushed", (x) => {
      x.far.records = x.far.records.map(() => null);
      x.far.entry = null;
      x.far.lease = null;
    });
  if (may.has("cut off A") && !state.isCutOff) yield fault("A is cut off", (x) => void (x.isCutOff = true));
  if (may.has("clock set back") && !state.isClockBack)
    yield fault("the clock of the far store is set back", (x) => void (x.isClockBack = true));
  if (!may.has("failover") && !may.has("failover and gap")) return;
  const { replica } = state;
  if (replica === null) yield fault("a replica copies everything", copies);
  else yield fault("a failover to the replica", (x) => failsOver(x, replica, { rules, may }));
}

function copies(x: State): void {
  x.replica = { ...x.far, records: [...x.far.records] };
  x.since = [];
}

/** What the old master alone held is lost; what it had acknowledged is told again by the nodes that asked for it. */
function failsOver(x: State, replica: Far, { rules, may }: Pick<Parts, "rules" | "may">): void {
  const isToldAgain = ({ what }: Change): boolean => rules.toldAgain && (what !== "set" || rules.setsToldAgain);
  const forgotten = x.since.filter((change) => !isToldAgain(change)).map(({ version }) => version);
  x.far = { ...replica, records: [...replica.records], must: Math.max(replica.must, ...forgotten) };
  x.lost = x.since.filter(isToldAgain);
  x.replica = null;
  x.since = [];
  x.hasFailedOver = true;
  if (may.has("failover and gap")) x.inbox.push({ what: "gap" });
}
