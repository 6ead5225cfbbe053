import type { ChildProcess } from "node:child_process";
import { rm } from "node:fs/promises";
import { Redis } from "ioredis";
import { ended, newPlace, type RedisPlace, ready, spawnRedis } from "../../support/redis-server.js";

/** One Redis on one port, which can be killed, frozen and started again with what it had. */
export interface FaultRedis {
  readonly port: number;
  readonly process: ChildProcess;
  readonly admin: Redis;
  /** Starts it, and resolves once it accepts connections. */
  start(...settings: readonly string[]): Promise<void>;
  /** Starts it, and does not wait. */
  spawn(...settings: readonly string[]): void;
  kill(): Promise<void>;
  /** Neither answers nor refuses: connections are accepted by the kernel alone. */
  freeze(): void;
  thaw(): void;
  /** Resolves to what Redis answers. */
  command(...words: readonly [string, ...(string | number)[]]): Promise<unknown>;
  stop(): Promise<void>;
}

/**
 * Every write is on the disk before it is answered: after a restart Redis holds what it held when it died, which is old
 * by then. One that came back empty would be the easier case.
 */
const DURABLE = ["--appendonly", "yes", "--appendfsync", "always", "--repl-diskless-sync-delay", "0"];

/** A Redis that has not been started yet. */
export async function faultRedis(): Promise<FaultRedis> {
  const place = await newPlace();
  return new OneRedis(place);
}

class OneRedis implements FaultRedis {
  readonly #place: RedisPlace;
  readonly admin: Redis;
  #child: ChildProcess | undefined;

  constructor(place: RedisPlace) {
    this.#place = place;
    // It also asks a server that is loading.
    const patient = { lazyConnect: true, enableReadyCheck: false, maxRetriesPerRequest: null, retryStrategy: () => 50 };
    this.admin = new Redis(place.port, patient);
    // It is down often, and tries again.
    this.admin.on("error", () => undefined);
  }

  get port(): number {
    return this.#place.port;
  }

  get process(): ChildProcess {
    if (this.#child === undefined) throw new Error("This Redis has not been started.");
    return this.#child;
  }

  async start(...settings: readonly string[]): Promise<void> {
    this.spawn(...settings);
    await ready(this.process);
  }

  spawn(...settings: readonly string[]): void {
    this.#child = spawnRedis(this.#place, [...DURABLE, ...settings]);
    running.add(this.#child);
  }

  async kill(): Promise<void> {
    if (this.#child !== undefined) await ended(this.#child);
  }

  freeze(): void {
    this.process.kill("SIGSTOP");
  }

  thaw(): void {
    this.process.kill("SIGCONT");
  }

  command(...[command, ...words]: readonly [string, ...(string | number)[]]): Promise<unknown> {
    return this.admin.call(command, ...words);
  }

  async stop(): Promise<void> {
    this.admin.disconnect();
    await this.kill();
    await rm(this.#place.folder, { recursive: true, force: true });
  }
}

const running = new Set<ChildProcess>();
// A frozen server would outlive a run that is ended in the middle of a test.
process.once("exit", () => running.forEach((child) => child.kill("SIGKILL")));
