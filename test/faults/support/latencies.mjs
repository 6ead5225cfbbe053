// How latencies are counted: by both those who measure and those who report.

/** Buckets for each doubling: a latency is known to within five in a hundred, however many there are. */
const BUCKETS_A_DOUBLING = 16;

/** The bucket of a latency, the first one up to a microsecond. */
export function bucketOf(ms) {
  return ms <= 0.001 ? 0 : Math.ceil(Math.log2(ms * 1_000) * BUCKETS_A_DOUBLING);
}

/** The longest latency of a bucket, in milliseconds. */
export function latencyOf(bucket) {
  return 2 ** (bucket / BUCKETS_A_DOUBLING) / 1_000;
}
