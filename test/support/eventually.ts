/** How long a condition is waited for: far longer than it takes, so that no slow machine fails. */
const DEADLINE_MS = 60_000;

/** Asks `look` over and over until `holds` is true of its answer, which it resolves to. @throws Error after a minute. */
export async function eventually<T>(look: () => Promise<T>, holds: (seen: T) => boolean): Promise<T> {
  const deadline = performance.now() + DEADLINE_MS;
  while (true) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (performance.now() > deadline) throw new Error(`Still not so after a minute: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
