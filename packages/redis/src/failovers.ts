import { processWide } from "@granary/core";
import type { RedisClient } from "./redis-client.js";

type Tell = () => void;

/** What a server says of itself that no other one says. */
const RUN_ID = /^run_id:(\S+)/m;
/** A node of a cluster that joins or leaves may have taken over, or have been taken over from. */
const NODE_EVENTS = ["+node", "-node"] as const;

const watches = processWide("redis failovers", () => new WeakMap<RedisClient, FailoverWatch>());

/**
 * Tells when `client` talks to another server than before, until the function that is returned is called: one that took
 * over may not have what the last one had taken. However many stores share a client, it carries one listener of theirs.
 */
export function watchFailovers(client: RedisClient, tell: Tell): () => void {
  const watch = watches.get(client) ?? new FailoverWatch(client);
  watches.set(client, watch);
  return watch.add(() => tell());
}

/** A server says who it is when a connection to it stands. */
class FailoverWatch {
  readonly #client: RedisClient;
  readonly #tells = new Set<Tell>();
  readonly #ask = (): void => void this.#identify();
  readonly #moved = (): void => this.#tell();
  #runId: string | undefined;

  constructor(client: RedisClient) {
    this.#client = client;
  }

  add(tell: Tell): () => void {
    if (this.#tells.size === 0) this.#begin();
    this.#tells.add(tell);
    return () => {
      if (this.#tells.delete(tell) && this.#tells.size === 0) this.#end();
    };
  }

  #begin(): void {
    const { isCluster, status } = this.#client;
    if (isCluster === true) return this.#listenToNodes();
    this.#client.on("ready", this.#ask);
    if (status === undefined || status === "ready") this.#ask();
  }

  /** The nodes that a cluster begins with are no news. */
  #listenToNodes(): void {
    const { status } = this.#client;
    if (status !== undefined && status !== "ready") return void this.#client.on("ready", this.#listen);
    this.#listen();
  }

  readonly #listen = (): void => {
    this.#client.off("ready", this.#listen);
    for (const event of NODE_EVENTS) this.#client.on(event, this.#moved);
  };

  #end(): void {
    this.#client.off("ready", this.#ask);
    this.#client.off("ready", this.#listen);
    for (const event of NODE_EVENTS) this.#client.off(event, this.#moved);
  }

  #tell(): void {
    for (const tell of [...this.#tells]) tell();
  }

  async #identify(): Promise<void> {
    const runId = await this.#whoIsThere();
    if (runId === undefined) return;
    const isAnother = this.#runId !== undefined && this.#runId !== runId;
    this.#runId = runId;
    if (isAnother) this.#tell();
  }

  /** `undefined` where the server does not say, or may not: it is asked again when the connection is a new one. */
  async #whoIsThere(): Promise<string | undefined> {
    try {
      return RUN_ID.exec(String(await this.#client.callBuffer("info", "server")))?.[1];
    } catch {
      return undefined;
    }
  }
}
