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

/** Of the calls of all nodes that ended within `span`; `undefined` where there were none. */
export function latencies({ nodes }: Outcome, kind: CallKind, span: Span): Latencies | undefined {
  const slices = nodes.flatMap((node) => node.slices).filter(({ at }) => at > span.from && at <= span.to);
  return latenciesOf(slices, kind);
}

export function latenciesOf(slices: readonly Slice[], kind: CallKind): Latencies | undefined {
  const counts = new Map<number, number>();
  for (const [bucket, count] of slices.flatMap((slice) => slice.kinds[kind])) {
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
