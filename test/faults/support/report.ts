import { mkdir, writeFile } from "node:fs/promises";
import { root } from "../../support/workspace.js";
import type { Outcome } from "./outcome.js";

const FOLDER = `${root}test-results/faults/`;

/** Keeps what a run came to, for the report. */
export async function saveOutcome(outcome: Outcome): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  await writeFile(`${FOLDER}${slugOf(outcome.name)}.json`, JSON.stringify(outcome));
}

function slugOf(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
}
