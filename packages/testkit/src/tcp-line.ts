/** One of the two ways through a proxy. */
export type TcpDirection = "toServer" | "toClient";

/** What happens to all that travels in one direction, on every connection. The proxy changes it, the pipes look it up. */
export interface TcpLine {
  latencyMs: number;
  bytesPerSecond: number;
  isHeld: boolean;
}

export type TcpLines = Readonly<Record<TcpDirection, TcpLine>>;

export const SOUND_LINE: TcpLine = { latencyMs: 0, bytesPerSecond: Number.POSITIVE_INFINITY, isHeld: false };
