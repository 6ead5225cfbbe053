import { createHash } from "node:crypto";
import { isError } from "@granary/core";
import type { Limit } from "./patience.js";
import { SOURCE } from "./script-source.js";

const SHA = createHash("sha1").update(SOURCE).digest("hex");

/** A step, its keys and what it is to know. */
export interface Step {
  readonly step: "set" | "delete" | "replay" | "acquire" | "fill" | "renew" | "release" | "raise" | "together";
  readonly keys: readonly string[];
  readonly args: readonly CommandWord[];
}

/** A step whose words hang on how many steps are asked for in the same turn. */
export interface CountedStep extends Omit<Step, "args"> {
  readonly args: (count: number) => readonly CommandWord[];
}

export type CommandWord = string | number | Buffer;

/** The words behind `EVALSHA`, which runs a step by the hash of the script. */
export function hashWords({ step, keys, args }: Step, { until }: Limit): CommandWord[] {
  return [SHA, keys.length, ...keys, step, ...args, until];
}

/** The words behind `EVAL`, which brings the script along. */
export function fullWords({ step, keys, args }: Step, { until }: Limit): CommandWord[] {
  return [SOURCE, keys.length, ...keys, step, ...args, until];
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
export function sizeOfStep({ args }: Step): number {
  let size = 0;
  for (const word of args) if (typeof word !== "number") size += word.length;
  return size;
}

/** Whether `error` says that Redis has to be sent the whole script. */
export function isUnknownScript(error: unknown): boolean {
  return isError(error) && error.message.startsWith("NOSCRIPT");
}

/** When the server, by its own clock, refused a step as late; `undefined` where `error` says something else. */
export function latenessIn(error: unknown): number | undefined {
  const said = isError(error) ? /^LATE (\S+)/.exec(error.message) : null;
  return said === null ? undefined : Number(said[1]);
}
