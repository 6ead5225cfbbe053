/** Milliseconds by a clock that every process of this machine shares, and that nobody sets. */
export function machineMs() {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}
