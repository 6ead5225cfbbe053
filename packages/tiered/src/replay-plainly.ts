import type { CacheStore, MissedChange } from "@granary/core";

interface Replay {
  readonly key: string;
  readonly change: MissedChange;
  /** Whether the application is writing the key by now: then that write is the later one. */
  isOvertaken(): boolean;
}

/**
 * A missed change, made on a store that has no step of its own for it: a look, then the write. What another node writes
 * between the two is lost, and a key that another node has deleted meanwhile looks like one that was never there.
 */
export async function replayPlainly(far: CacheStore, { key, change, isOvertaken }: Replay): Promise<void> {
  const found = await far.get(key);
  if (isOvertaken() || (found !== undefined && found.createdAt > change.at)) return;
  if (change.entry === undefined) await far.delete(key, change.at);
  else await far.set(key, change.entry, "write");
}
