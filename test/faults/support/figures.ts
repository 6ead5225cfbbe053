import type { CallKind, Slice, Span } from "./fault-fleet.js";
import { latencyOf } from "./latencies.mjs";
import type { Outcome } from "./outcome.js";

/** How long calls of one kind took, in milliseconds. */
export interface Latencies {
  readonly calls: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export const kinds: readonly CallKind[] = ["hit", "miss", "cold", "stale", "write"];

/** What all nodes told within `span`. */
export function slicesIn({ nodes }: Outcome, { from, to }: Span): readonly Slice[] {
  return nodes.flatMap(({ slices }) => slices).filter(({ at }) => at > from && at <= to);
}

/** What a node tells of comes so much after it was, at most: two slices. */
const TOLD_AFTER_MS = 200;

/** What nodes told while the fault lasted: up to the instant at which the breaker of each had first opened, and from then on. */
export function aboutOpening({
  nodes,
  spans: { fault },
}: Outcome): readonly [until: readonly Slice[], since: readonly Slice[]] {
  const parts = nodes.map(({ slices, breaker }) => {
    const opened = breaker.find(({ state, at }) => state === "open" && at > fault.from)?.at ?? Number.POSITIVE_INFINITY;
    const isUntil = ({ at }: Slice): boolean => at <= opened + TOLD_AFTER_MS;
    const within = slices.filter(({ at }) => at > fault.from && at <= fault.to);
    return [within.filter(isUntil), within.filter((slice) => !isUntil(slice))] as const;
  });
  return [parts.flatMap(([until]) => until), parts.flatMap(([, since]) => since)];
}

/** Of the calls of these kinds that ended in `slices`; `undefined` where there were none. */
export function latenciesOf(slices: readonly Slice[], ...wanted: readonly CallKind[]): Latencies | undefined {
  const counts = new Map<number, number>();
  for (const [bucket, count] of slices.flatMap((slice) => wanted.flatMap((kind) => slice.kinds[kind]))) {
    counts.set(bucket, (counts.get(bucket) ?? 0) + count);
  }
  const sorted = [...counts].sort(([one], [other]) => one - other);
  const calls = sorted.reduce((sum, [, count]) => sum + count, 0);
  if (calls === 0) return undefined;
  return {
    calls,
    p50: quantile(sorted, calls * 0.5),
    p99: quantile(sorted, calls * 0.99),
    max: quantile(sorted, calls),
  };
}

/** The latency that `rank` of the calls did not exceed. */
function quantile(sorted: ReadonlyArray<readonly [bucket: number, count: number]>, rank: number): number {
  let seen = 0;
  const found = sorted.find(([, count]) => {
    seen += count;
    return seen >= rank;
  });
  return latencyOf(found?.[0] ?? 0);
}
