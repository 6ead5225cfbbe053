import { type Clock, runBehind } from "@granary/core";
import { afterReading } from "./after-reading.js";

/** What a heartbeat needs of a connection, and what it tells. */
export interface HeartbeatParts {
  readonly clock: Clock;
  /** Asks the server something. Settles with its answer, which may be a refusal. */
  ask(): Promise<unknown>;
  /** What was asked at `askedAt` was answered, so all that the server had said until then has been heard. */
  answered(askedAt: number, answer: unknown): void;
  /** The server does not answer any more. Told once, and nothing after it. */
  dead(): void;
}

/** The pause between an answer and the next question. */
const PAUSE_MS = 500;

/** How long an answer may take while nothing else is heard. With the pause, a dead connection is found in 1.5 s. */
const ANSWER_MS = 1_000;

/** Asks a server over and over whether it is still there, one question at a time, until it is stopped or finds it dead. */
export class Heartbeat {
  readonly #parts: HeartbeatParts;
  /** How many things were heard, answers included. */
  #heard = 0;
  #cancel = (): void => {};
  #state: "beating" | "stopped" = "beating";

  constructor(parts: HeartbeatParts) {
    this.#parts = parts;
    this.#askLater();
  }

  /** The server said something: it is there, even where its answer has to queue behind that. */
  heard(): void {
    this.#heard += 1;
  }

  stop(): void {
    this.#state = "stopped";
    this.#cancel();
  }

  #askLater(): void {
    this.#cancel = runBehind(this.#parts.clock, PAUSE_MS, () => void this.#ask());
  }

  async #ask(): Promise<void> {
    const { clock, ask, answered } = this.#parts;
    const askedAt = clock.now();
    this.#expect();
    try {
      const answer = await ask();
      if (this.#state === "stopped") return;
      this.#cancel();
      answered(askedAt, answer);
      this.#askLater();
    } catch {
      // The connection is closing, and says so itself; if it does not, the answer is missed in time.
    }
  }

  /** Finds the server dead where nothing at all has come for a while. */
  #expect(): void {
    const heard = this.#heard;
    this.#cancel = afterReading(this.#parts.clock, ANSWER_MS, () => {
      if (this.#heard !== heard) return this.#expect();
      this.stop();
      this.#parts.dead();
    });
  }
}
