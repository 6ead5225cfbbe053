import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Cannot } from "./cannot.mjs";
import { CLIENT, pin } from "./pin.mjs";

const main = fileURLToPath(new URL("child-main.mjs", import.meta.url));

/** Longer than any command takes; a child that is silent for so long hangs. */
const DEADLINE_MS = 180_000;

/**
 * Starts `subject` of `row` in a process of its own, which lives until `end()`. `quiet` drops what it writes to stderr;
 * `apart` keeps it off the processor of Redis.
 * @throws Cannot where the subject lacks what the row needs.
 */
export async function startChild({ row, subject, context, node, flags = [], quiet = false, apart = false }) {
  const process_ = fork(main, [row, subject, JSON.stringify(context)], {
    execPath: node,
    execArgv: flags,
    stdio: ["ignore", "inherit", quiet ? "ignore" : "inherit", "ipc"],
  });
  const child = new Child(process_, `${subject} in ${row}`);
  if (apart) await pin(process_.pid, CLIENT);
  try {
    await child.opened;
  } catch (error) {
    await child.end();
    throw error;
  }
  return child;
}

class Child {
  #process;
  #name;
  #waiting = new Map();
  #lastId = 0;

  constructor(process_, name) {
    this.#process = process_;
    this.#name = name;
    this.opened = this.#answer(0);
    process_.on("message", (message) => this.#hear(message));
    process_.on("exit", (code, signal) => this.#failAll(new Error(`${name}: ended with ${code ?? signal}.`)));
  }

  /** What `command` of the row's `open` gives for `args`. */
  call(command, ...args) {
    this.#lastId += 1;
    const answer = this.#answer(this.#lastId);
    this.#process.send({ id: this.#lastId, command, args });
    return answer;
  }

  async end() {
    const { exitCode, signalCode } = this.#process;
    if (exitCode !== null || signalCode !== null) return;
    const ended = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await ended;
  }

  #answer(id) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#hear({ id, error: "it did not answer" }), DEADLINE_MS);
      this.#waiting.set(id, { resolve, reject, timer });
    });
  }

  #hear({ id, value, error, cannot }) {
    if (!this.#waiting.has(id)) return;
    const { resolve, reject, timer } = this.#waiting.get(id);
    this.#waiting.delete(id);
    clearTimeout(timer);
    if (cannot !== undefined) reject(new Cannot(cannot));
    else if (error !== undefined) reject(new Error(`${this.#name}: ${error}`));
    else resolve(value);
  }

  #failAll(error) {
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(error);
    }
    this.#waiting.clear();
  }
}
