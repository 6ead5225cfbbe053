import type { FleetRules } from "./fleet-rules.js";
import type { Change, Known, State } from "./fleet-state.js";
import { type LevelRecord, newRecord, raised } from "./generations.js";

/** Makes a change in the far store, and tells A. */
export function tell(x: State, change: Change, rules: FleetRules): void {
  if (change.what === "key") x.far.entry = null;
  else {
    makeRecords(x, rules);
    const record = x.far.records[change.level];
    if (record && change.what !== "set")
      x.far.records[change.level] = raised(record, change.what, { floor: rules.floor, time: timeOf(x) });
  }
  told(x, change);
}

/** What follows every change in the far store. */
export function told(x: State, change: Change): void {
  const record = x.far.records[change.level];
  const isOfLevel = change.what === "clear" || change.what === "tag";
  if (!isOfLevel) x.far.lease = null;
  // The last change is the one that counts, and what a failover has lost is told again in any order.
  x.far.must = change.what === "set" ? change.version : Math.max(x.far.must, change.version);
  if (x.replica !== null) x.since.push(change);
  x.inbox.push(isOfLevel && record ? { what: "level", level: change.level, record } : { what: "key" });
}

/** What the far store takes for the time. */
export function timeOf(x: State): number {
  return x.isClockBack ? 0 : x.time;
}

/** Somebody has loaded the first version. */
export function fill(x: State, rules: FleetRules): void {
  makeRecords(x, rules);
  x.far.entry = { value: 0, generations: generationsOf(x.far.records) ?? [] };
}

export function makeRecords(x: State, { newEpochs }: FleetRules): void {
  x.far.records = x.far.records.map(
    (record) => record ?? newRecord(newEpochs ? x.nextEpoch++ : 0, newEpochs ? timeOf(x) : 0),
  );
}

export function generationsOf(records: readonly (LevelRecord | null)[]): Known {
  const found = records.filter((record) => record !== null);
  return found.length === records.length ? found.map(({ epoch, sequence }) => ({ epoch, sequence })) : null;
}
