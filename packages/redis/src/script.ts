import { createHash } from "node:crypto";
import { isError } from "@granary/core";
import { SOURCE } from "./script-source.js";

/** A step, its keys and what it is to know. */
export interface Step {
  readonly step:
    | "set"
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

/** A step whose words hang on how many steps are asked for in the same turn. */
export interface CountedStep extends Omit<Step, "args"> {
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
export function together(steps: readonly Step[]): Step {
  const keys: string[] = [];
  const args: CommandWord[] = [];
  for (const { step, keys: own, args: words } of steps) {
    keys.push(...own);
    args.push(own.length, words.length + 1, step, ...words);
  }
  return { step: "together", keys, args };
}

/** Roughly how many characters Redis is sent for a step. */
export function sizeOfStep({ args }: Step | CountedStep): number {
  let size = 0;
  if (typeof args === "function") return size;
  for (const word of args) if (typeof word !== "number") size += word.length;
  return size;
}

/** Whether `error` says that Redis has to be sent the whole script. */
export function isUnknownScript(error: unknown): boolean {
  return isError(error) && error.message.startsWith("NOSCRIPT");
}

function wordsOf({ step, keys, args }: Step): CommandWord[] {
  return [keys.length, ...keys, step, ...args];
}
