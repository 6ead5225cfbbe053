/** What one node read, changed and heard in a run. Instants are on a clock that all nodes share. */
export interface RunLog {
  readonly name: string;
  readonly reads: readonly Read[];
  readonly changes: readonly Change[];
  /** When the node had heard all that another node said of its change of this number. */
  readonly heard: ReadonlyArray<{ readonly node: string; readonly number: number; readonly at: number }>;
}

interface Read {
  readonly key: string;
  readonly begunAt: number;
  /** What the origin held when the value was loaded, and when that was. */
  readonly version: number;
  readonly loadedAt: number;
}

interface Change {
  readonly kind: string;
  readonly keys: readonly string[];
  /** What the origin held of each key before the change began. */
  readonly versions: readonly number[];
  readonly resolvedAt: number;
}

export interface Findings {
  /** Reads of something that was changed before they began. */
  readonly violations: readonly string[];
  /** Reads that began after a change of their key by the same node, and by another one. */
  readonly judged: { readonly own: number; readonly others: number };
  /** How often which change was made. */
  readonly changes: Readonly<Record<string, number>>;
  /** The longest way of a message. */
  readonly slowestMessageMs: number;
}

/** A change as it binds the reads of one node from an instant on. */
interface Bound {
  readonly key: string;
  readonly version: number;
  readonly at: number;
  readonly kind: string;
  readonly by: "own" | "others";
}

/**
 * Looks for reads that gave a version from before a change that had been resolved by then, where the node itself made
 * it, or had been heard of, where another one did.
 */
export function staleReads(logs: readonly RunLog[]): Findings {
  const pairs = logs.flatMap((log) => {
    const bounds = boundsOf(log, logs);
    return log.reads.flatMap((read) => boundsFor(read, bounds).map((bound) => ({ log, read, bound })));
  });
  const violations = pairs
    .filter(({ read, bound }) => read.version < bound.version)
    .map(({ log, read, bound }) => told(log, read, bound));
  const count = (by: Bound["by"]): number => pairs.filter(({ bound }) => bound.by === by).length;
  const judged = { own: count("own"), others: count("others") };
  const kinds = logs.flatMap(({ changes }) => changes.map(({ kind }) => kind));
  const changes = Object.fromEntries([...new Set(kinds)].map((kind) => [kind, kinds.filter((k) => k === kind).length]));
  return { violations, judged, changes, slowestMessageMs: slowestMessage(logs) };
}

/** Reads of a value that had expired: loaded so long before the read began. */
export function expiredReads(
  logs: readonly RunLog[],
  longestMs: number,
): Pick<Findings, "violations"> & { judged: number } {
  const reads = logs.flatMap((log) =>
    log.reads.filter(({ key }) => key.startsWith("x")).map((read) => ({ log, read })),
  );
  const expired = reads.filter(({ read }) => read.begunAt - read.loadedAt > longestMs);
  const violations = expired.map(
    ({ log, read }) =>
      `${log.name} read ${read.key} ${Math.round(read.begunAt - read.loadedAt)} ms after it was loaded`,
  );
  return { violations, judged: reads.length };
}

type Bounds = Record<Bound["by"], ReadonlyMap<string, readonly Bound[]>>;

/** What a read must not be older than. */
function boundsFor({ key, begunAt }: Read, { own, others }: Bounds): readonly Bound[] {
  const last = [own, others].map((bounds) => latest(bounds.get(key) ?? [], begunAt));
  return last.filter((bound) => bound !== undefined);
}

function boundsOf(log: RunLog, logs: readonly RunLog[]): Bounds {
  const own = log.changes.flatMap((change) => boundsBy(change, change.resolvedAt, "own"));
  const others = log.heard.flatMap(({ node, number, at }) => {
    const change = logs.find(({ name }) => name === node)?.changes[number];
    return change === undefined ? [] : boundsBy(change, at, "others");
  });
  return { own: byKey(own), others: byKey(others) };
}

function boundsBy({ kind, keys, versions }: Change, at: number, by: Bound["by"]): Bound[] {
  return keys.map((key, index) => ({ key, version: versions[index] ?? 0, at, kind, by }));
}

/** In the order of their instants, each with the highest version up to it. */
function byKey(bounds: readonly Bound[]): ReadonlyMap<string, readonly Bound[]> {
  const sorted = new Map<string, Bound[]>();
  for (const bound of bounds.toSorted((one, other) => one.at - other.at)) {
    const list = sorted.get(bound.key) ?? [];
    const before = list.at(-1);
    list.push(before !== undefined && before.version > bound.version ? { ...before, at: bound.at } : bound);
    sorted.set(bound.key, list);
  }
  return sorted;
}

/** The last bound from before `at`, by halving. */
function latest(bounds: readonly Bound[], at: number): Bound | undefined {
  let [low, high] = [0, bounds.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((bounds[middle]?.at ?? at) < at) low = middle + 1;
    else high = middle;
  }
  return bounds[low - 1];
}

function told({ name }: RunLog, read: Read, bound: Bound): string {
  const after = (read.begunAt - bound.at).toFixed(1);
  const whose = bound.by === "own" ? "its own" : "another node's";
  return `${name} read version ${read.version} of ${read.key}, ${after} ms after ${whose} ${bound.kind} of version ${bound.version}`;
}

function slowestMessage(logs: readonly RunLog[]): number {
  const changes = new Map(logs.flatMap(({ name, changes: own }) => own.map((change, at) => [`${name} ${at}`, change])));
  const spans = logs.flatMap(({ heard }) =>
    heard.map(({ node, number, at }) => at - (changes.get(`${node} ${number}`)?.resolvedAt ?? at)),
  );
  return spans.reduce((longest, ms) => Math.max(longest, ms), 0);
}
