import { execFile } from "node:child_process";
import { availableParallelism } from "node:os";
import { promisify } from "node:util";

/** Of what calls Redis one call after the other, half of the time is two processors that wake each other. */
export const CLIENT = 0;
export const SERVER = 1;

/**
 * Keeps the main thread of `pid` on the processor with that number, and its other threads where they are. Nothing
 * happens on a machine with one, or without the tool for it.
 */
export async function pin(pid, processor) {
  if (availableParallelism() === 1) return;
  await promisify(execFile)("taskset", ["--cpu-list", "--pid", String(processor), String(pid)]).catch(() => {});
}
