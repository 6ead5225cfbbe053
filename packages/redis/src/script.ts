import { createHash } from "node:crypto";
import { isError, newEpoch } from "@granary/core";
import { SOURCE } from "./script-source.js";

/** The records of the namespaces of a key, as far as they are at hand where it is written. */
export interface RecordsAtHand {
  readonly keys: readonly string[];
  /** What they said when they were read last; none where that is not known, or too long ago. */
  readonly texts: readonly string[];
}

/** A value to be written. */
export interface Write {
  readonly value: string;
  /** Its lease, where it can have one. */
  readonly lease: string | undefined;
  readonly text: string | Buffer;
  /** How long Redis is to keep it: milliseconds, or "" for ever. */
  readonly life: number | "";
  /** Where in the text its generations begin and end, for those of the moment at which it is written; none for its own. */
  readonly open: readonly [from: number, to: number] | undefined;
}

/** The step that writes values of the same namespaces. */
export interface SetStep {
  readonly step: "set";
  readonly records: RecordsAtHand;
  readonly writes: Write[];
}

/** Any other step, its keys and what it is to know. */
export interface PlainStep {
  readonly step:
    | "delete"
    | "records"
    | "acquire"
    | "fill"
    | "renew"
    | "release"
    | "expire"
    | "invalidate"
    | "tags"
    | "together";
  readonly keys: readonly string[];
  readonly args: readonly CommandWord[];
}

export type Step = PlainStep | SetStep;

/** A step whose words hang on how many steps are asked for in the same turn. */
export interface CountedStep extends Omit<PlainStep, "args"> {
  readonly args: (count: number) => readonly CommandWord[];
}

export type CommandWord = string | number | Buffer;

const SHA = createHash("sha1").update(SOURCE).digest("hex");

/** The words behind `EVALSHA`, which runs a step by the hash of the script. */
export function hashWords(step: Step): CommandWord[] {
  return [SHA, ...wordsOf(step)];
}

/** The words behind `EVAL`, which brings the script along. */
export function fullWords(step: Step): CommandWord[] {
  return [SOURCE, ...wordsOf(step)];
}

/** Several steps as one, which answers with what each of them does, in their order: its answer, or an error. */
export function together(steps: readonly Step[]): PlainStep {
  const keys: string[] = [];
  const args: CommandWord[] = [];
  for (const { step, keys: own, args: words } of steps.map(plain)) {
    keys.push(...own);
    args.push(own.length, words.length + 1, step, ...words);
  }
  return { step: "together", keys, args };
}

/** Roughly how many characters Redis is sent for a step. */
export function sizeOfStep(step: Step | CountedStep): number {
  if (isSet(step)) return step.writes.reduce((size, { text }) => size + text.length, 0);
  const { args } = step;
  let size = 0;
  if (typeof args === "function") return size;
  for (const word of args) if (typeof word !== "number") size += word.length;
  return size;
}

/** A key of the step: all of them are in one slot of a cluster. */
export function keyOfStep(step: Step | CountedStep): string {
  return (isSet(step) ? step.writes[0]?.value : step.keys[0]) as string;
}

/** How many keys a step names at most. */
export function keyCountOf(step: Step): number {
  return isSet(step) ? 2 * step.writes.length + step.records.keys.length : step.keys.length;
}

export function isSet(step: Step | CountedStep): step is SetStep {
  return step.step === "set";
}

/** Whether `error` says that Redis has to be sent the whole script. */
export function isUnknownScript(error: unknown): boolean {
  return isError(error) && error.message.startsWith("NOSCRIPT");
}

function wordsOf(given: Step): CommandWord[] {
  const { step, keys, args } = plain(given);
  return [keys.length, ...keys, step, ...args];
}

function plain(step: Step): Omit<PlainStep, "step"> & { readonly step: string } {
  if (!isSet(step)) return step;
  const { records, writes } = step;
  const keys = writes.map(({ value }) => value);
  // All of them have a lease, or on a cluster perhaps none.
  for (const { lease } of writes) if (lease !== undefined) keys.push(lease);
  const args: CommandWord[] = [writes.length, keys.length - writes.length];
  for (let at = 0; at < records.keys.length; at += 1) args.push(records.texts[at] ?? "");
  for (const key of records.keys) {
    keys.push(key);
    args.push(newEpoch());
  }
  for (const { text, life, open } of writes) args.push(text, life, open?.[0] ?? "", open?.[1] ?? "");
  return { step: "set", keys, args };
}
