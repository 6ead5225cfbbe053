import { connect, type Socket } from "node:net";
import type { TcpDirection, TcpLines } from "./tcp-line.js";
import { reset, TcpPipe } from "./tcp-pipe.js";

/** Where a server listens. */
export interface TcpTarget {
  readonly host: string;
  readonly port: number;
}

/** A client's connection, and the one to the server that goes with it. */
export class TcpConnection {
  /** Resolves once both sockets are closed. */
  readonly closed: Promise<unknown>;
  readonly #sockets: readonly Socket[];
  readonly #pipes: Readonly<Record<TcpDirection, TcpPipe>>;

  constructor(client: Socket, target: TcpTarget, lines: TcpLines) {
    // Half-open is allowed, as the end of one direction says nothing of the other.
    const server = connect({ ...target, noDelay: true, allowHalfOpen: true });
    this.#sockets = [client, server];
    this.#pipes = {
      toServer: new TcpPipe({ from: client, to: server, line: lines.toServer }),
      toClient: new TcpPipe({ from: server, to: client, line: lines.toClient }),
    };
    this.closed = Promise.all(this.#sockets.map(closeOf));
  }

  /** Holds one direction until `release`. */
  hold(direction: TcpDirection): void {
    this.#pipes[direction].hold();
  }

  release(): void {
    for (const pipe of Object.values(this.#pipes)) pipe.release();
  }

  /** To be called whenever the lines were changed. */
  flow(): void {
    for (const pipe of Object.values(this.#pipes)) pipe.flow();
  }

  reset(): void {
    for (const socket of this.#sockets) reset(socket);
  }

  destroy(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("close", () => resolve()));
}
