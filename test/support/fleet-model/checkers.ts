import type { Birth, Held, History, Operation } from "./history.js";
import { policyOf, TTL_MS } from "./policies.js";

/** What a checker saw: how much it looked at, and what was wrong. */
export interface Verdict {
  readonly looked: number;
  readonly violations: readonly string[];
}

export type Checker = (history: History) => Verdict;

/** C7: a node reads its own writes. */
export const readYourWrites: Checker = (history) => {
  const own = (change: Operation, read: Operation): boolean => change.node === read.node;
  const lost = reads(history).flatMap((read) => changes(history, CHANGES).map((change) => ({ change, read })));
  const seen = lost.filter(({ change, read }) => own(change, read) && isSeen(history, change, read));
  const dead = seen.filter(({ change, read }) => isDead(history, { change, read }));
  const missing = lost.filter(({ change, read }) => own(change, read) && isMissing(history, change, read));
  return verdict(seen.length, [...dead, ...missing]);
};

/** C8: a value whose load began before a delete is not given to who asks after it. */
export const deletedIsGone: Checker = (history) => goneAfter(history, ["delete"]);

/** C9: a set beats an older load, near and far. */
export const setBeatsLoad: Checker = (history) => {
  const given = goneAfter(history, ["set"]);
  const held = heldDead(history, ["set"], ({ far, near }) => [near, far]);
  return { looked: given.looked + held.looked, violations: [...given.violations, ...held.violations] };
};

/** C10: a tag, a clear and a delete beat the loads of one path. */
export function beatsLoadsOf(policy: string): Checker {
  return (history) => goneAfter(history, ["invalidateTags", "clear", "delete"], (birth) => birth.policy === policy);
}

/** C11: nothing near that was deleted. */
export const noDeletedValueNear: Checker = (history) =>
  heldDead(history, ["delete", "clear", "invalidateTags"], ({ near }) => [near]);

/**
 * C12: versions that a node sees do not go down. What was seen first is what a store held: a load that something
 * overtook gives its value to who waited for it, and to nobody else.
 */
export const versionsRise: Checker = (history) => {
  const fresh = reads(history).filter(({ answer, policy }) => answer !== undefined && !policyOf(policy).servesStale);
  const stored = fresh.filter(({ kind }) => kind === "get");
  const pairs = stored.flatMap((first) =>
    fresh
      .filter(({ node, key, begunAt }) => node === first.node && key === first.key && begunAt > endOf(first))
      .map((read) => ({ change: first, read })),
  );
  const fallen = pairs.filter(({ change, read }) => {
    const [before, after] = [change.answer?.version ?? 0, read.answer?.version ?? 0];
    return after < before && !isByRacingSet(history, change, read);
  });
  return verdict(pairs.length, fallen);
};

/** C14: when nothing travels, every near tier holds what far holds, or nothing. */
export const nearEqualsFar: Checker = (history) => {
  const held = history.snapshots.flatMap((snapshot) => snapshot.held.map((each) => ({ ...each, at: snapshot.at })));
  const fresh = held.filter(({ near, now }) => near !== undefined && near.freshUntil > now);
  const wrong = fresh.filter(
    ({ near, far }) => serialOf(near) !== serialOf(far) || near?.freshUntil !== far?.freshUntil,
  );
  return { looked: fresh.length, violations: wrong.map((each) => `near and far differ: ${JSON.stringify(each)}`) };
};

/** C17: what was deleted or cleared is not served because a load failed. */
export const deletedIsNotFallback: Checker = (history) => {
  const failed = history.births.filter(({ loadEnded }) => loadEnded === "failed");
  const fallback = reads(history).filter(
    (read) =>
      policyOf(read.policy).options.staleIfError !== undefined &&
      failed.some(
        ({ key, node, loadEndedAt = 0 }) => key === read.key && node === read.node && loadEndedAt > read.begunAt,
      ),
  );
  const pairs = pairsOf(changes(history, ["delete", "clear", "invalidateTags"]), fallback);
  const seen = pairs.filter(({ change, read }) => isSeen(history, change, read));
  return verdict(
    seen.length,
    seen.filter(({ change, read }) => isDead(history, { change, read })),
  );
};

/** Every call ends, and no store fails where there are no faults. */
export const nothingStuck: Checker = ({ operations, errors }) => ({
  looked: operations.length,
  violations: [
    ...operations
      .filter(({ outcome }) => outcome === "pending")
      .map((stuck) => `never ended: ${JSON.stringify(stuck)}`),
    ...errors.map((error) => `a store failed: ${String(error)}`),
  ],
});

interface Pair {
  readonly change: Operation;
  readonly read: Operation;
}

const CHANGES = ["set", "delete", "expire", "invalidateTags", "clear"] as const;

function goneAfter(history: History, kinds: readonly string[], filter?: (birth: Birth) => boolean): Verdict {
  const pairs = pairsOf(changes(history, kinds), reads(history));
  const seen = pairs.filter(({ change, read }) => isSeen(history, change, read) && hasRival(history, change, filter));
  const dead = seen.filter((pair) => isDead(history, pair, filter));
  return verdict(seen.length, dead);
}

function heldDead(
  history: History,
  kinds: readonly string[],
  places: (held: Held) => ReadonlyArray<Held["near"]>,
): Verdict {
  const looked = history.snapshots.flatMap(({ at, held }) =>
    changes(history, kinds)
      .filter((change) => endOf(change) < at)
      .flatMap((change) => held.filter(({ key }) => concerns(change, key)).map((each) => ({ at, change, each }))),
  );
  const wrong = looked.filter(({ at, change, each }) =>
    places(each).some((entry) => isDeadValue(history, change, { serial: serialOf(entry), at })),
  );
  const violations = wrong.map(({ change, each }) => `after ${JSON.stringify(change)}: ${JSON.stringify(each)}`);
  return { looked: looked.length, violations };
}

/** Whether who reads must know of the change: on its own node at once, elsewhere when nothing travels any more. */
function isSeen({ snapshots }: History, change: Operation, read: Operation): boolean {
  if (read.key === undefined || !concerns(change, read.key) || endOf(change) > read.begunAt) return false;
  if (change.node === read.node) return true;
  return snapshots.some(({ at }) => at > endOf(change) && at < read.begunAt);
}

function isDead(history: History, { change, read }: Pair, filter?: (birth: Birth) => boolean): boolean {
  if (read.answer === undefined) return false;
  // Where there was nothing fresh there was nothing to make stale.
  const isStale = change.kind === "expire" && (change.did !== true || policyOf(read.policy).servesStale === true);
  if (isStale) return false;
  return isDeadValue(history, change, { serial: read.answer.serial, at: endOf(read), filter });
}

/** Whether every birth of a value lies before the change, which it therefore must not outlive. */
function isDeadValue({ births }: History, change: Operation, { serial, at, filter }: Given): boolean {
  const own = births.filter((birth) => birth.serial === serial && birth.at < at);
  const [first] = own;
  if (first === undefined || (filter !== undefined && !own.some(filter)) || change.wrote?.serial === serial)
    return false;
  if (change.tag !== undefined && !first.tags.includes(change.tag)) return false;
  return own.every((birth) => (birth.set === undefined ? birth.at : endOf(birth.set)) < change.begunAt);
}

/** A value that was given to a reader, or that a tier held. */
interface Given {
  readonly serial: number | undefined;
  readonly at: number;
  /** Only births that this lets through count. */
  readonly filter?: ((birth: Birth) => boolean) | undefined;
}

/** Whether there was a load or a write that the change had to beat. */
function hasRival({ births }: History, change: Operation, filter: (birth: Birth) => boolean = () => true): boolean {
  return births.some((birth) => birth.at < change.begunAt && concerns(change, birth.key) && filter(birth));
}

/** A set whose value is not there though nothing but time could have taken it, and too little of that has passed. */
function isMissing(history: History, change: Operation, read: Operation): boolean {
  if (change.kind !== "set" || read.kind !== "get" || read.outcome !== "done") return false;
  if (read.key !== change.key || endOf(change) > read.begunAt) return false;
  if ((read.endedMs ?? 0) - change.begunMs >= TTL_MS) return false;
  const others = changes(history, CHANGES).filter((other) => other !== change && concerns(other, change.key ?? ""));
  const pending = history.operations.filter(
    ({ outcome, kind }) => outcome !== "done" && kind !== "get" && kind !== "getOrSet",
  );
  const meets = (other: Operation): boolean => !isKnownBefore(history, other, change) && other.begunAt < endOf(read);
  if ([...others, ...pending].some(meets)) return false;
  if (read.answer?.serial === change.wrote?.serial) return false;
  return !history.births.some(({ serial, at }) => serial === read.answer?.serial && at > change.begunAt);
}

/** Whether `other` was over, and the node of `change` had heard so, before that began. */
function isKnownBefore({ snapshots }: History, other: Operation, change: Operation): boolean {
  if (endOf(other) > change.begunAt) return false;
  return other.node === change.node || snapshots.some(({ at }) => at > endOf(other) && at < change.begunAt);
}

/** The lower version was written by a set that was not over when the higher one came to be: either may win. */
function isByRacingSet({ births }: History, first: Operation, read: Operation): boolean {
  const higherAt = births.find(({ serial }) => serial === first.answer?.serial)?.at ?? 0;
  return births.some(({ serial, set }) => serial === read.answer?.serial && set !== undefined && endOf(set) > higherAt);
}

function changes({ operations }: History, kinds: readonly string[]): Operation[] {
  return operations.filter(({ kind, outcome }) => kinds.includes(kind) && outcome === "done");
}

function reads({ operations }: History): Operation[] {
  return operations.filter(({ kind }) => kind === "get" || kind === "getOrSet");
}

function pairsOf(first: readonly Operation[], second: readonly Operation[]): Pair[] {
  return first.flatMap((change) => second.map((read) => ({ change, read })));
}

function concerns({ key, scope }: Operation, of: string): boolean {
  return key === undefined ? scope === "" || of.startsWith(`${scope}:`) : key === of;
}

function endOf({ endedAt }: Operation): number {
  return endedAt ?? Number.POSITIVE_INFINITY;
}

function serialOf(entry: Held["near"]): number | undefined {
  return (entry?.value as { serial: number } | undefined)?.serial;
}

function verdict(looked: number, pairs: readonly Pair[]): Verdict {
  const tell = ({ change, read }: Pair): string => `${JSON.stringify(change)}, and then ${JSON.stringify(read)}`;
  return { looked, violations: pairs.map(tell) };
}
