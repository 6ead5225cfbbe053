import { processWide } from "@granary/core";
import type { RedisClient, RedisNode } from "./redis-client.js";

type Tell = () => void;

/** What a server says of itself that no other one says. */
const RUN_ID = /^run_id:(\S+)/m;

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

/**
 * A server says who it is when a connection to it begins, ahead of all that the client had sent before or kept back: so
 * nothing of what the new server answers is taken for what the last one held. Of a cluster, one that was no master when
 * the client last asked for the slots may have taken over, and one that it is connected to anew may have lost what it held.
 */
class FailoverWatch {
  readonly #client: RedisClient;
  readonly #tells = new Set<Tell>();
  readonly #ask = (): void => void this.#identify();
  /** Where it was not answered before: a server may have to be told first who asks. */
  readonly #askAgain = (): void => {
    if (!this.#isKnown) void this.#identify();
  };
  readonly #follow = (): void => this.#compare();
  #isKnown = false;
  #runId: string | undefined;
  #masters: readonly RedisNode[] = [];

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
    for (const [event, learn] of this.#listeners) this.#client.on(event, learn);
    if (status !== undefined && status !== "ready") return;
    if (isCluster === true) this.#compare();
    else void this.#identify();
  }

  #end(): void {
    for (const [event, learn] of this.#listeners) this.#client.off(event, learn);
  }

  get #listeners(): ReadonlyArray<readonly [event: "connect" | "ready" | "refresh", listener: () => void]> {
    if (this.#client.isCluster === true) return [["refresh", this.#follow]];
    return [
      ["connect", this.#ask],
      ["ready", this.#askAgain],
    ];
  }

  /** The masters that a cluster begins with are no news. */
  #compare(): void {
    const [before, masters] = [this.#masters, this.#client.nodes?.("master") ?? []];
    this.#masters = masters;
    if (before.length > 0 && masters.some((master) => !before.includes(master))) this.#tell();
  }

  #tell(): void {
    for (const tell of [...this.#tells]) tell();
  }

  async #identify(): Promise<void> {
    this.#isKnown = false;
    const runId = await this.#whoIsThere();
    if (runId === undefined) return;
    this.#isKnown = true;
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
