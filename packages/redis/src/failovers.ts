import type { RedisClient } from "./redis-client.js";

/** What a server says of itself that no other one says. */
const RUN_ID = /^run_id:(\S+)/m;

/**
 * Tells when `client` talks to another server than before: one that took over may not have what the last one had taken.
 * A server says who it is when a connection to it stands. On a cluster a node that joins or leaves may be one.
 */
export class Failovers {
  readonly #client: RedisClient;
  readonly #tell: () => void;
  readonly #ask = (): void => void this.#identify();
  readonly #moved = (): void => {
    if (this.#isWhole) this.#tell();
  };
  #runId: string | undefined;
  /** The nodes that a cluster begins with are no news. */
  #isWhole = false;
  #state: "begun" | "ended" = "ended";

  constructor(client: RedisClient, tell: () => void) {
    this.#client = client;
    this.#tell = tell;
  }

  begin(): void {
    if (this.#state === "begun") return;
    this.#state = "begun";
    const { isCluster, status } = this.#client;
    this.#client.on("ready", this.#ask);
    if (isCluster === true) for (const event of NODE_EVENTS) this.#client.on(event, this.#moved);
    if (status === undefined || status === "ready") this.#ask();
  }

  end(): void {
    this.#state = "ended";
    this.#client.off("ready", this.#ask);
    if (this.#client.isCluster === true) for (const event of NODE_EVENTS) this.#client.off(event, this.#moved);
  }

  async #identify(): Promise<void> {
    if (this.#client.isCluster === true) {
      this.#isWhole = true;
      return;
    }
    const runId = await this.#whoIsThere();
    if (runId === undefined || this.#state === "ended") return;
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

const NODE_EVENTS = ["+node", "-node"] as const;
