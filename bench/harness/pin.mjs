import { execFile } from "node:child_process";
import { availableParallelism } from "node:os";
import { promisify } from "node:util";

/** The processors of what is measured, and of Redis: one call after the other is, for half of its time, a wake-up. */
export const CLIENT = 0;
export const SERVER = 1;

/**
 * Keeps the main thread of `pid` on the processor with that number, and its other threads where they are. Where there is
 * one processor alone nothing happens; where it cannot be done, that is said, since figures scatter more then.
 */
export async function pin(pid, processor) {
  if (availableParallelism() === 1) return;
  const done = promisify(execFile)("taskset", ["--cpu-list", "--pid", String(processor), String(pid)]);
  await done.catch((error) => console.error(`Process ${pid} stays on any processor: ${error.message.trim()}`));
}
