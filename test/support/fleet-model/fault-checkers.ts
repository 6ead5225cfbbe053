import { SAMPLE_AGE_MS } from "./clocks.js";
import type { Change, FaultLog, Moment, Read, Sight } from "./fault-log.js";

/** Something that must not be. */
export interface Violation {
  /** When it was seen. */
  readonly ms: number;
  readonly what: string;
}

/** What a checker saw: how much it looked at, and what was wrong. */
export interface FaultVerdict {
  readonly looked: number;
  readonly violations: readonly Violation[];
}

export type FaultChecker = (log: FaultLog) => FaultVerdict;

/** A dead connection is noticed within H, a message takes D. */
const H_MS = 2_000;
const D_MS = 50;
/** By how much a clock that follows the server's may be set back. */
const CLOCK_STEP_MS = 5;
/** How long a call is waited for by default. */
const TIMEOUT_MS = 250;

/**
 * C7, C25: what a node has changed holds there at once, and whatever becomes of the far tier: also where it did not take
 * the change. Of what is deleted not even a stale value is given.
 */
export const holdsHere: FaultChecker = (log) => judge(log, ownTo(log));

/**
 * C20: on every node, nothing is given as fresh that is older than H + D. That is counted from when the far tier had the
 * change, and its node could say so.
 *
 * - What the far tier has not taken concerns nobody else yet: its node alone knows of it, and keeps to it.
 * - What it has taken is told by its node. While that cannot speak, the others keep what they hold. A bus on the same
 *   connection as the store leaves only the moment between the two.
 */
export const notTooOld: FaultChecker = (log) => judge(log, knownTo(log));

/** C8: a value whose load began before a deletion is not given to who asks after it, however long the load took. */
export const deletedIsGone: FaultChecker = (log) =>
  judge(log, (change, read) => {
    const isLoaded = log.writerOf(read.serial ?? 0) === undefined;
    return isLoaded && isDeletion(change) && (ownTo(log)(change, read) || knownTo(log)(change, read));
  });

/** C25: what was acknowledged in an outage is not undone on any node, once it is made up for. */
export const notUndone: FaultChecker = (log) =>
  judge(log, (change, read) => isOwed(change) && knownTo(log)(change, read));

/** C12: versions that a node sees do not go down. */
export const versionsRise: FaultChecker = (log) => {
  const verdicts = [...byNodeAndKey(log.reads)].map((reads) => riseOf(log, reads));
  return {
    looked: verdicts.reduce((sum, { looked }) => sum + looked, 0),
    violations: verdicts.flatMap(({ violations }) => violations),
  };
};

/** As `versionsRise`, for what one node saw of one key. */
function riseOf(log: FaultLog, reads: readonly Read[]): FaultVerdict {
  // What was seen first is what a store held: a load that something overtook gives its value to who waited for it.
  const stored = reads.filter(({ kind, version }) => kind !== "getOrSet" && version !== undefined).sort(byEnd);
  let [highest, at]: [Read | undefined, number] = [undefined, 0];
  const pairs = reads.flatMap((read) => {
    for (; stepOf(stored[at]?.ended) < read.begun.step; at += 1) highest = higher(highest, stored[at] as Read);
    const isLooked = highest !== undefined && read.version !== undefined && !read.servesStale;
    return isLooked ? [{ first: highest as Read, read }] : [];
  });
  const fallen = pairs.filter(({ first, read }) => isFallen(log, first, read));
  const violations = fallen.map(({ first, read }) => ({
    ms: read.begun.ms,
    what: `${tellRead(first)}, and then ${tellRead(read)}`,
  }));
  return { looked: pairs.length, violations };
}

function higher(highest: Read | undefined, read: Read): Read {
  return highest === undefined || (read.version ?? 0) >= (highest.version ?? 0) ? read : highest;
}

/** Whether a read gives less than an earlier one, and no write excuses it. */
function isFallen(log: FaultLog, first: Read, { key, serial = 0, version = 0, begun }: Read): boolean {
  if (version >= (first.version ?? 0)) return false;
  if (isLostLately(log, first.begun.ms, begun)) return false;
  const since = log.changes.find(({ versions }) => versions.get(key) === first.version);
  const change = { kind: "set", begun: since?.begun ?? first.begun, takenMs: first.begun.ms } as const;
  return !isExcused(log, { change, serial, begun });
}

function byNodeAndKey(reads: readonly Read[]): Iterable<Read[]> {
  const groups = new Map<string, Read[]>();
  for (const read of reads) listIn(groups, `${read.node} ${read.key}`).push(read);
  return groups.values();
}

function byEnd(first: Read, second: Read): number {
  return stepOf(first.ended) - stepOf(second.ended);
}

/** C26: two seconds after a node reaches the far tier again it owes it nothing. */
export const owesNothing: FaultChecker = ({ owing }) => sights(owing);

/** C14, C21: two seconds after all is well every node gives what the far tier holds, or nothing where it holds nothing. */
export const nodesAgree: FaultChecker = ({ agreeing }) => sights(agreeing);

/** C22: no getOrSet fails, and every call ends. */
export const nobodyFails: FaultChecker = ({ reads, changes }) => {
  const failed = reads.filter(({ outcome }) => outcome !== "done");
  const stuck = changes.filter(({ ended }) => ended === undefined);
  return {
    looked: reads.length + changes.length,
    violations: [
      ...failed.map((read) => ({
        ms: read.begun.ms,
        what: `${read.outcome}: ${tellRead(read)}, ${String(read.error)}`,
      })),
      ...stuck.map((change) => ({ ms: change.begun.ms, what: `never ended: ${tellChange(change)}` })),
    ],
  };
};

export const FAULT_CHECKERS: Readonly<Record<string, FaultChecker>> = {
  "C7 C25 what a node changed holds there at once": holdsHere,
  "C8 a deleted value is gone": deletedIsGone,
  "C12 versions rise": versionsRise,
  "C14 C21 the nodes agree when all is well": nodesAgree,
  "C20 nothing is too old": notTooOld,
  "C22 nobody fails": nobodyFails,
  "C25 nothing acknowledged in an outage is undone": notUndone,
  "C26 nothing is owed for long": owesNothing,
};

/** Whether a read has to know of a change. */
type Holds = (change: Change, read: Read) => boolean;

function ownTo(log: FaultLog): Holds {
  return (change, read) => {
    const { node, kind, ended } = change;
    if (node !== read.node || ended === undefined || ended.step >= read.begun.step) return false;
    return kind !== "expire" || (ended.ms + CLOCK_STEP_MS < read.begun.ms && isStaleFor(log, change, read));
  };
}

/**
 * Whether what was made stale is nothing for a read. A clock that is set right shows once more the time at which it has
 * become stale; nodes are told within a while after the clock of the server was set back.
 */
function isStaleFor({ setBacksMs }: FaultLog, { begun }: Change, read: Read): boolean {
  const isSetBack = setBacksMs.some((at) => begun.ms - 2 * SAMPLE_AGE_MS < at && at <= read.begun.ms);
  return !read.servesStale && !isSetBack;
}

const isKnown: Holds = ({ takenMs = Infinity, saidMs = Infinity }, { servesStale, begun }) =>
  !servesStale && Math.max(takenMs, saidMs) + H_MS + D_MS <= begun.ms;

/** A server that took over may not have had what the last one had taken: until that is repaired, the others may see it. */
function isLostLately(log: FaultLog, takenMs: number, begun: Moment): boolean {
  return log.lossesMs.some((lostMs) => takenMs <= lostMs && lostMs <= begun.ms && begun.ms < lostMs + H_MS + D_MS);
}

/** As `isKnown`, but for what the server has just lost. */
function knownTo(log: FaultLog): Holds {
  return (change, read) =>
    isKnown(change, read) &&
    (change.kind !== "expire" || isStaleFor(log, change, read)) &&
    !isLostLately(log, change.takenMs ?? Infinity, read.begun);
}

function isDeletion({ kind }: Change): boolean {
  return kind === "delete" || kind === "deleteMany" || kind === "invalidateTags" || kind === "clear";
}

/** Whether the far tier took it only later. */
function isOwed({ ended, takenMs = Infinity }: Change): boolean {
  return ended !== undefined && takenMs > ended.ms + OWED_MS;
}

/** The longest that a look can come after what it looks for. */
const OWED_MS = 100;

/** So many changes back from a read are looked at, unless it is found to be too old. */
const LOOKED_BACK = 40;

/** Holds every read against the changes of its key that it has to know of, the latest first. */
function judge(log: FaultLog, holds: Holds): FaultVerdict {
  const violations: Violation[] = [];
  let looked = 0;
  const changes = changesByKey(log);
  for (const read of log.reads) {
    const { version, serial, key, begun } = read;
    if (version === undefined || serial === undefined) continue;
    const before = changes.get(key) ?? [];
    const from = indexBefore(before, begun.step);
    const newer = before.slice(firstNewer(before, { key, version }), from + 1).reverse();
    const missed = newer.find((change) => holds(change, read) && !isExcused(log, { change, serial, begun }));
    const isLooked = before.slice(Math.max(0, from - LOOKED_BACK), from + 1).some((change) => holds(change, read));
    if (missed !== undefined || isLooked) looked += 1;
    if (missed !== undefined)
      violations.push({ ms: begun.ms, what: `${tellChange(missed)}, and then ${tellRead(read)}` });
  }
  return { looked, violations };
}

interface Excuse {
  readonly change: Pick<Change, "kind" | "begun" | "ended" | "takenMs">;
  readonly serial: number;
  readonly begun: Moment;
}

/**
 * Whether an older value may win over a change.
 *
 * - It was written by a call that had not ended when the change began: of two writes at one time either may be the last.
 *   One that failed may still be done as long as it would have been waited for.
 * - The far tier had not taken the write when the change, an `expire`, ended: that makes stale what is there, and leaves
 *   no mark behind.
 * - The server lost the change with all its data, and had not taken the write of the older value by then: when that is
 *   made up for, nobody knows any more that there was something newer.
 *
 * What a load brought is excused by none of these.
 */
function isExcused(log: FaultLog, { change, serial, begun }: Excuse): boolean {
  const writer = log.writerOf(serial);
  if (writer === undefined) return false;
  const isFailed = writer.did === false && (writer.ended?.ms ?? 0) + TIMEOUT_MS > change.begun.ms;
  if (isFailed || stepOf(writer.ended) > change.begun.step) return true;
  const { takenMs: writtenMs = Infinity } = writer;
  if (change.kind === "expire" && writtenMs > (change.ended?.ms ?? Infinity)) return true;
  const { takenMs = Infinity } = change;
  return log.lossesMs.some((lostMs) => takenMs <= lostMs && lostMs <= begun.ms && writtenMs > lostMs);
}

/** The changes of each key as they began: so do the versions that they stand for. */
function changesByKey({ changes }: FaultLog): Map<string, Change[]> {
  const byKey = new Map<string, Change[]>();
  for (const change of changes) {
    for (const key of change.versions.keys()) listIn(byKey, key).push(change);
  }
  return byKey;
}

function listIn<T>(lists: Map<string, T[]>, name: string): T[] {
  const list = lists.get(name) ?? [];
  lists.set(name, list);
  return list;
}

/** The index of the last change that began before `step`. */
function indexBefore(changes: readonly Change[], step: number): number {
  return firstIndex(changes, ({ begun }) => begun.step > step) - 1;
}

function firstNewer(changes: readonly Change[], { key, version }: { key: string; version: number }): number {
  return firstIndex(changes, ({ versions }) => (versions.get(key) ?? 0) > version);
}

/** The first index at which `holds` is true, where it is for all that follow too. */
function firstIndex<T>(list: readonly T[], holds: (item: T) => boolean): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(list[middle] as T)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function stepOf(moment: Moment | undefined): number {
  return moment?.step ?? Number.POSITIVE_INFINITY;
}

function sights(seen: readonly Sight[]): FaultVerdict {
  return { looked: seen.length, violations: seen.filter(({ isRight }) => !isRight) };
}

function tellChange({ node, kind, begun, ended, takenMs, saidMs, versions }: Change): string {
  const told = [...versions].map(([key, version]) => `${key} version ${version}`).join(", ");
  return `node ${node} ${kind} ${told} from ${begun.ms} to ${ended?.ms}, taken ${takenMs}, said ${saidMs}`;
}

function tellRead({ node, kind, key, begun, ended, version, serial }: Read): string {
  return `node ${node} ${kind} ${key} from ${begun.ms} to ${ended?.ms}: version ${version}, value ${serial}`;
}
