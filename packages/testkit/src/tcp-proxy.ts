import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { CacheError, checkOptions, type OptionNames } from "@granary/core";
import { TcpConnection, type TcpTarget } from "./tcp-connection.js";
import { SOUND_LINE, type TcpDirection, type TcpLine, type TcpLines } from "./tcp-line.js";

export type { TcpDirection } from "./tcp-line.js";

/** What `tcpProxy` takes. */
export interface TcpProxyOptions {
  /** The server behind the proxy. `host` is `"127.0.0.1"` by default. */
  readonly target: { readonly host?: string; readonly port: number };
}

/** A proxy with faults. Each lasts until `mend`, and they may be combined. */
export interface TcpProxy {
  /** Where it listens: for this machine alone. */
  readonly host: string;
  /** Where it listens: one port as long as it lives. */
  readonly port: number;
  /** Connections that are open, as far as the proxy knows: of one that is held it does not hear that it ended. */
  readonly connections: number;
  /** Whatever travels takes `ms` milliseconds more, in each direction: a round trip twice that. */
  latency(ms: number): void;
  /** A connection carries so many bytes a second at most, in each direction. */
  bandwidth(bytesPerSecond: number): void;
  /** Resets the connections that are open: both sides see `ECONNRESET`. New ones are sound. */
  reset(): void;
  /** New connections are refused with `ECONNREFUSED`. Those that are open go on; with `reset` it is a killed server. */
  refuse(): void;
  /**
   * A frozen network or server: nothing comes through any connection, in one direction or, by default, in both.
   * New connections are accepted and hear nothing. Bytes are held and never dropped: after `mend` all of them go
   * on, also what clients sent that have given up since. They are left unread in the kernel, so memory is bounded.
   */
  blackHole(direction?: TcpDirection): void;
  /**
   * The connections that are open fall silent in one direction, about their own end too. By default that is
   * `"toClient"`: what a client sends arrives, and it hears nothing. New connections are sound.
   */
  halfOpen(direction?: TcpDirection): void;
  /** Takes every fault away. What was held or delayed goes on. Resolves once new connections are accepted. */
  mend(): Promise<void>;
  /** Ends everything. Resolves once no socket and no timer is left. */
  close(): Promise<void>;
}

/**
 * Starts a proxy in front of a server such as Redis, on a free port of `127.0.0.1`, which a test can make slow,
 * silent or absent. Its time is the machine's. Where the target does not accept a connection, the client's is reset.
 * Its faults throw CacheError `INVALID_OPTION` for a number that makes no sense.
 */
export async function tcpProxy(options: TcpProxyOptions): Promise<TcpProxy> {
  checkOptions(options, OPTIONS);
  refuseUnless(options.target?.port > 0, "target: takes the place of a server, such as { port: 6379 }.");
  const proxy = new FaultyProxy({ host: HOST, ...options.target });
  await proxy.listen();
  return proxy;
}

const OPTIONS: OptionNames<TcpProxyOptions> = { target: true };

const HOST = "127.0.0.1";

/** The longest delay a timer takes. */
const LONGEST_MS = 2 ** 31 - 1;

class FaultyProxy implements TcpProxy {
  readonly host = HOST;
  readonly #target: TcpTarget;
  readonly #lines: TcpLines = { toServer: { ...SOUND_LINE }, toClient: { ...SOUND_LINE } };
  readonly #connections = new Set<TcpConnection>();
  #server: Server | undefined;
  #port = 0;
  #state: "open" | "closed" = "open";

  constructor(target: TcpTarget) {
    this.#target = target;
  }

  get port(): number {
    return this.#port;
  }

  get connections(): number {
    return this.#connections.size;
  }

  latency(ms: number): void {
    refuseUnless(ms >= 0 && ms <= LONGEST_MS, `A latency is a number of milliseconds from 0 up, not ${ms}.`);
    this.#change(this.#both(), { latencyMs: ms });
  }

  bandwidth(bytesPerSecond: number): void {
    refuseUnless(bytesPerSecond >= 1, `A bandwidth is a number of bytes a second from 1 up, not ${bytesPerSecond}.`);
    this.#change(this.#both(), { bytesPerSecond });
  }

  reset(): void {
    for (const connection of this.#connections) connection.reset();
  }

  refuse(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  blackHole(direction?: TcpDirection): void {
    this.#change(direction === undefined ? this.#both() : [this.#lines[direction]], { isHeld: true });
  }

  halfOpen(direction: TcpDirection = "toClient"): void {
    for (const connection of this.#connections) connection.hold(direction);
  }

  async mend(): Promise<void> {
    this.#change(this.#both(), SOUND_LINE);
    for (const connection of this.#connections) connection.release();
    if (this.#server === undefined && this.#state === "open") await this.listen();
  }

  async close(): Promise<void> {
    this.#state = "closed";
    const connections = [...this.#connections];
    for (const connection of connections) connection.destroy();
    this.refuse();
    await Promise.all(connections.map(({ closed }) => closed));
  }

  /** Listens on the port that the proxy has, or on a free one the first time. */
  async listen(): Promise<void> {
    const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => this.#accept(client));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen(this.#port, HOST, resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
  }

  #accept(client: Socket): void {
    const connection = new TcpConnection(client, this.#target, this.#lines);
    this.#connections.add(connection);
    void connection.closed.then(() => this.#connections.delete(connection));
  }

  #both(): readonly TcpLine[] {
    return Object.values(this.#lines);
  }

  #change(lines: readonly TcpLine[], change: Partial<TcpLine>): void {
    for (const line of lines) Object.assign(line, change);
    for (const connection of this.#connections) connection.flow();
  }
}

function refuseUnless(makesSense: boolean, message: string): void {
  if (!makesSense) throw new CacheError("INVALID_OPTION", message);
}
