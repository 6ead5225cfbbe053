import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { EmbeddedStore } from "./embedded-store.js";
import { Line } from "./line.js";
import type { FirstProcess, Worker, WorkerOptions } from "./protocol.js";
import type { SlowSource } from "./slow-source.js";

const PATIENCE_MS = 3_000;

export interface FleetParts {
  readonly source: SlowSource;
  readonly embedded: EmbeddedStore;
}

interface Member {
  readonly child: ChildProcess;
  readonly line: Line<Worker>;
}

/** The processes of the shop. */
export class Fleet {
  readonly #members: Member[] = [];
  readonly #parts: FleetParts;

  constructor(parts: FleetParts) {
    this.#parts = parts;
  }

  get lines(): ReadonlyArray<Line<Worker>> {
    return this.#members.map(({ line }) => line);
  }

  /** Starts them; resolves once each can be asked. */
  async start(options: Omit<WorkerOptions, "worker">): Promise<void> {
    for (let worker = 0; worker < options.settings.processes; worker += 1) this.#add({ ...options, worker });
    await Promise.all(this.lines.map((line) => line.call("ready")));
  }

  /** Lets them close and end; one that does not is killed. */
  async close(): Promise<void> {
    await Promise.all(this.#members.map((member) => end(member)));
  }

  /** Ends them at once, whatever they are doing. */
  kill(): void {
    for (const { child } of this.#members) child.kill("SIGKILL");
  }

  #add(options: WorkerOptions): void {
    const file = fileURLToPath(new URL("worker.js", import.meta.url));
    // Rows hold maps, sets and bigints, which the plain form of these messages does not carry.
    const child = fork(file, [JSON.stringify(options)], { serialization: "advanced" });
    const line = new Line<Worker>(child, this.#methodsFor(options.worker));
    child.once("exit", () => line.cut(`Process ${options.worker} has ended.`));
    this.#members.push({ child, line });
  }

  #methodsFor(worker: number): FirstProcess {
    const { source, embedded } = this.#parts;
    return {
      load: (place) => source.load(place),
      changePrice: (change) => source.changePrice(change),
      get: (key) => embedded.get(key),
      set: (item) => embedded.set(item),
      delete: (key) => embedded.delete(key),
      publish: (message) => {
        const others = this.lines.filter((_, other) => other !== worker);
        for (const line of others) line.call("heard", message).catch(() => {});
      },
    };
  }
}

async function end({ child, line }: Member): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  const killer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
  // One that cannot close any more ends all the same.
  await line.call("close").catch(() => {});
  if (child.connected) child.disconnect();
  await ended;
  clearTimeout(killer);
}
