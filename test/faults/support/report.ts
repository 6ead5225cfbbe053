import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { root } from "../../support/workspace.js";
import type { Note, Outcome } from "./outcome.js";
import { picture } from "./picture.js";
import { reportText, slugOf } from "./report-text.js";

const FOLDER = `${root}test-results/faults/`;
const NOTES = `${FOLDER}notes/`;
const PUBLISHED = `${root}docs/faults/`;
const isPublished = process.env["GRANARY_PUBLISH_FAULTS"] !== undefined;

/** Keeps what a run came to, for the report, with its picture. */
export async function saveOutcome(outcome: Outcome): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  const slug = slugOf(outcome);
  await writeFile(`${FOLDER}${slug}.json`, JSON.stringify(outcome));
  await writeFile(`${FOLDER}${slug}.svg`, picture(outcome));
}

/** Keeps what a test without such a run came to. */
export async function saveNote(note: Note): Promise<void> {
  await mkdir(NOTES, { recursive: true });
  await writeFile(`${NOTES}${slugOf(note)}.json`, JSON.stringify(note));
}

/**
 * Writes a report of all that was kept, in `test-results/faults`, by this run and by others. With
 * `GRANARY_PUBLISH_FAULTS` in the environment it becomes the published one, in `docs/faults`.
 */
export async function writeReport(): Promise<void> {
  await mkdir(NOTES, { recursive: true });
  const [outcomes, notes] = [await kept<Outcome>(FOLDER), await kept<Note>(NOTES)];
  await writeFile(`${FOLDER}report.md`, reportText(outcomes, notes));
  if (!isPublished) return;
  await rm(PUBLISHED, { recursive: true, force: true });
  await mkdir(PUBLISHED, { recursive: true });
  for (const name of ["report.md", ...outcomes.map((outcome) => `${slugOf(outcome)}.svg`)]) {
    await cp(FOLDER + name, PUBLISHED + name);
  }
}

async function kept<T extends Pick<Note, "lines" | "name">>(folder: string): Promise<readonly T[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".json"));
  const texts = await Promise.all(names.map((name) => readFile(folder + name, "utf8")));
  return texts.map((text) => JSON.parse(text) as T).sort((one, other) => compare(one, other));
}

function compare(one: Pick<Note, "lines" | "name">, other: Pick<Note, "lines" | "name">): number {
  return `${one.lines} ${one.name}` < `${other.lines} ${other.name}` ? -1 : 1;
}
