import { type ChildProcess, fork } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { packages, root } from "./workspace.js";

/** What a process says to a question: its result, and when it had it, on a clock that all processes share. */
export interface Answer {
  readonly call: number;
  readonly result?: unknown;
  readonly at: number;
  readonly error?: string;
}

/** A process that runs one of the workers of this folder, and answers questions. */
export interface ChildNode {
  readonly pid: number;
  /** Rejects with what the worker threw, and where it ends without an answer. */
  ask(verb: string, args: readonly unknown[]): Promise<Answer>;
  /** Tells the process something that it does not answer. */
  tell(message: object): void;
  /** Resolves to its exit code once the process has gone; to `null` where it was killed. */
  readonly exited: Promise<number | null>;
  /** Resolves once the process has gone. */
  kill(): Promise<void>;
}

export interface ChildNodeOptions {
  /** The file in this folder that runs. */
  readonly worker: string;
  /** What it is started with. */
  readonly settings: object;
  /** What Node itself is started with. */
  readonly flags?: readonly string[];
  /** How far the clock of its machine is off. Default: not at all. */
  readonly skewMs?: number | undefined;
  /** Hears what the process says without having been asked. */
  readonly hear?: (message: object, child: ChildNode) => void;
}

/** Starts a process. It runs the built packages, as an application would. */
export function childNode({ worker, settings, flags = [], skewMs = 0, hear }: ChildNodeOptions): ChildNode {
  requireBuilt();
  const skewed = { ...process.env, GRANARY_SKEW_MS: String(skewMs) };
  const execArgv = ["--import", new URL("skewed-clock.mjs", import.meta.url).href, ...flags];
  const child = fork(fileURLToPath(new URL(worker, import.meta.url)), [JSON.stringify(settings)], {
    env: skewed,
    execArgv,
  });
  const node: ChildNode = {
    pid: child.pid ?? 0,
    ask: asker(child),
    tell: (message) => void child.send(message),
    exited: new Promise((resolve) => child.once("exit", (code) => resolve(code))),
    kill: () => ended(child),
  };
  if (hear !== undefined) child.on("message", (message: object) => hear(message, node));
  return node;
}

function asker(child: ChildProcess): ChildNode["ask"] {
  const waiting = new Map<number, (answer: Answer) => void>();
  let calls = 0;
  child.on("message", (answer: Answer) => {
    waiting.get(answer.call)?.(answer);
    waiting.delete(answer.call);
  });
  child.once("exit", (code) => {
    for (const [call, settle] of waiting) settle({ call, at: 0, error: `The node ended with code ${String(code)}.` });
  });
  return (verb, args) =>
    new Promise((resolve, reject) => {
      calls += 1;
      waiting.set(calls, (answer) => {
        if (answer.error === undefined) resolve(answer);
        else reject(new Error(answer.error));
      });
      child.send({ call: calls, verb, args });
    });
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.kill("SIGKILL");
  });
}

/** The processes run the built packages, which tests by themselves do not need. */
function requireBuilt(): void {
  const missing = packages.filter((name) => !existsSync(`${root}packages/${name}/dist/index.js`));
  if (missing.length > 0) throw new Error(`Build first, with "npx tsc -b": there is no dist of ${missing.join(", ")}.`);
}
