import type { Socket } from "node:net";
import type { TcpLine } from "./tcp-line.js";

/** Which sockets a pipe joins. */
export interface TcpPipeEnds {
  readonly from: Socket;
  readonly to: Socket;
  readonly line: TcpLine;
}

/** What comes out of a socket: bytes, and behind them how it ended. */
type Freight = Buffer | "end" | "reset";

interface Parcel {
  readonly freight: Freight;
  readonly arrivedAt: number;
}

/** So much may be under way in one pipe before it stops reading, as a window of TCP: what is behind it waits in the kernel. */
const WINDOW_BYTES = 1_048_576;

/** A limited line hands on this much of a second at once: short, so that bytes trickle as they would. */
const SLICE_S = 0.02;

/**
 * One direction of one connection. What comes out of `from` goes into `to` in its order: bytes, a half-close, a
 * reset. Nothing is ever dropped; what must not go on yet waits here or, by far the most of it, unread.
 */
export class TcpPipe {
  readonly #ends: TcpPipeEnds;
  readonly #waiting: Parcel[] = [];
  #waitingBytes = 0;
  #lastAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #state: "flows" | "held" | "ended" = "flows";

  constructor(ends: TcpPipeEnds) {
    this.#ends = ends;
    ends.from.on("data", (bytes: Buffer) => this.#take(bytes));
    ends.from.on("end", () => this.#take("end"));
    // An error of a socket that is written to is heard of here too, as each is the `from` of the pipe back.
    ends.from.on("error", () => this.#take("reset"));
    ends.to.on("drain", () => this.flow());
    ends.to.on("close", () => this.#end());
    this.flow();
  }

  /** Holds this pipe alone, whatever the line does, until it is released. */
  hold(): void {
    if (this.#state === "flows") this.#state = "held";
    this.flow();
  }

  release(): void {
    if (this.#state === "held") this.#state = "flows";
    this.flow();
  }

  /** Hands on what is due by now, and looks again when more is. To be called whenever the line was changed. */
  flow(): void {
    clearTimeout(this.#timer);
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      const waitMs = next.dueAt - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.flow(), Math.ceil(waitMs));
        break;
      }
      this.#lastAt = next.dueAt;
      this.#handOn(next.freight);
    }
    this.#regulate();
  }

  #take(freight: Freight): void {
    if (this.#state === "ended") return;
    this.#waiting.push({ freight, arrivedAt: performance.now() });
    this.#waitingBytes += sizeOf(freight);
    this.flow();
  }

  /** What goes on next, and when; `undefined` where nothing can. */
  #next(): { readonly freight: Freight; readonly dueAt: number } | undefined {
    const [{ to, line }, parcel] = [this.#ends, this.#waiting[0]];
    if (parcel === undefined || this.#isHeld() || to.writableNeedDrain) return undefined;
    const freight = typeof parcel.freight === "string" ? parcel.freight : sliceOf(parcel.freight, line);
    // Behind what went before, by its planned instant, not its real one, so that late timers do not add up.
    const startsAt = Math.max(parcel.arrivedAt + line.latencyMs, this.#lastAt);
    return { freight, dueAt: startsAt + (sizeOf(freight) / line.bytesPerSecond) * 1_000 };
  }

  #handOn(freight: Freight): void {
    const { to } = this.#ends;
    this.#dropHead(sizeOf(freight));
    if (freight === "end") to.end();
    else if (freight === "reset") reset(to);
    else to.write(freight);
  }

  #dropHead(size: number): void {
    const parcel = this.#waiting.shift();
    this.#waitingBytes -= size;
    if (parcel === undefined || sizeOf(parcel.freight) === size) return;
    this.#waiting.unshift({ ...parcel, freight: (parcel.freight as Buffer).subarray(size) });
  }

  #regulate(): void {
    const { from } = this.#ends;
    if (this.#isHeld() || this.#waitingBytes >= WINDOW_BYTES) from.pause();
    else from.resume();
  }

  #isHeld(): boolean {
    return this.#ends.line.isHeld || this.#state === "held";
  }

  #end(): void {
    this.#state = "ended";
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
    clearTimeout(this.#timer);
  }
}

/** Ends a connection with a reset, so that its other side sees `ECONNRESET` and not an orderly end. */
export function reset(socket: Socket): void {
  // While its end is on the way out a socket cannot be reset: the attempt fails, and leaves the socket open for good.
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}

function sizeOf(freight: Freight): number {
  return typeof freight === "string" ? 0 : freight.length;
}

function sliceOf(bytes: Buffer, { bytesPerSecond }: TcpLine): Buffer {
  return bytes.subarray(0, Math.max(1, Math.floor(bytesPerSecond * SLICE_S)));
}
