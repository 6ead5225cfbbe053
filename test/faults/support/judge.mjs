/**
 * Finds reads that gave a version which had been changed before they began: among those that began from `from` until
 * `to`. A change binds its own node as soon as it has resolved. It binds the others from the instant that `binds` names:
 * `resolvedAt`, or `takenAt`, when Redis had it. Only changes that resolved until `madeUntil` are held against reads.
 */
export function judge({ reads, changes }, { from, to, binds, madeUntil = Number.POSITIVE_INFINITY }) {
  const changesOf = grouped(changes.filter(({ resolvedAt }) => resolvedAt <= madeUntil));
  const judged = reads.filter(({ at }) => at >= from && at < to);
  const aged = judged.map((read) => {
    const later = (changesOf.get(read.key) ?? []).filter(({ version }) => version > read.version);
    const own = later.filter(({ node }) => node === read.node);
    return { ...read, ownAge: ageBy(read, own, "resolvedAt"), age: ageBy(read, later, binds) };
  });
  const own = aged.filter(({ ownAge }) => ownAge > 0);
  const oldest = aged.reduce((worst, read) => (read.age > (worst?.age ?? 0) ? read : worst), undefined);
  return {
    reads: judged.length,
    changes: changes.length,
    own: own.slice(0, MOST_TOLD),
    ages: aged.filter(({ age }) => age > 0).map(({ age }) => age),
    oldest,
    lastOldAt: aged.reduce((last, { age, at }) => (age > 0 ? Math.max(last, at) : last), from),
  };
}

const MOST_TOLD = 20;

/** How long before the read one of the changes that it does not know was made: below zero where none was. */
function ageBy({ at }, changes, instant) {
  return changes.reduce((age, change) => Math.max(age, at - (change[instant] ?? Number.POSITIVE_INFINITY)), -1);
}

function grouped(changes) {
  const byKey = new Map();
  for (const change of changes) {
    const known = byKey.get(change.key) ?? [];
    known.push(change);
    byKey.set(change.key, known);
  }
  return byKey;
}
