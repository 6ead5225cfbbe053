import { type Attempt, CacheError } from "@granary/core";
import { whenConnected } from "./connected.js";
import { atEndOfTurn } from "./end-of-turn.js";
import { type AskedStep, explained, joined, type PendingStep, settle } from "./joint-steps.js";
import { LONGEST_COMMAND, type SlotOfKey } from "./key-groups.js";
import { isNotPermitted } from "./permissions.js";
import type { RedisClient } from "./redis-client.js";
import {
  type CountedStep,
  fullWords,
  hashWords,
  isSet,
  isUnknownScript,
  keyCountOf,
  keyOfStep,
  type Step,
  sizeOfStep,
  together,
} from "./script.js";

/** Where changes go. */
export interface WriteBatchParts {
  /** As it was given: it says whether it is connected. */
  readonly client: RedisClient;
  /** What commands are sent with. */
  readonly sender: RedisClient;
  readonly slotOf: SlotOfKey;
}

/** Who stops waiting for a step, and what is to be done then. */
export interface Abandonable {
  readonly attempt: Attempt | undefined;
  /** Called where the step was sent by then. */
  undo(): void;
}

/** Steps that go out as one command, and what may still be added to it. */
interface Command {
  readonly pending: PendingStep[];
  keys: number;
  size: number;
}

/** Most values have a lease, and a record. */
const MOST_KEYS = 3 * LONGEST_COMMAND;

/** Roughly the most characters of a command for several steps. */
const LARGEST_COMMAND = 1_000_000;

/** So many characters may have no answer yet before the next value is encoded. */
const MOST_UNANSWERED = 4_000_000;

/**
 * Gathers the changes of one turn of the event loop into one command, on a cluster into one for each slot. All of them
 * go through here, since they must reach Redis in the order in which they were asked for: a delete behind a set that
 * still waits has to win.
 */
export class WriteBatch {
  readonly #parts: WriteBatchParts;
  #pending = new Set<AskedStep>();
  #unanswered = 0;
  readonly #waiting = new Set<() => void>();

  constructor(parts: WriteBatchParts) {
    this.#parts = parts;
  }

  /** As `send`, of a value that is encoded only when there is room: a server that is frozen is not sent more. */
  sendInTurn(encoded: () => Step, given: Abandonable): Promise<unknown> {
    return this.#unanswered < MOST_UNANSWERED ? this.send(encoded(), given) : this.#sendWhenThereIsRoom(encoded, given);
  }

  async #sendWhenThereIsRoom(encoded: () => Step, given: Abandonable): Promise<unknown> {
    while (this.#unanswered >= MOST_UNANSWERED) await this.#turn(given);
    try {
      return this.send(encoded(), given);
    } finally {
      this.#admit();
    }
  }

  /** Resolves to what Redis answers to `step`. Where that is given up before, it is not sent any more, or is undone. */
  send(step: Step | CountedStep, given?: Abandonable): Promise<unknown> {
    if (given?.attempt?.isGivenUp === true) return Promise.reject(notSent());
    const size = sizeOfStep(step);
    this.#unanswered += size;
    return new Promise((resolve, reject) => {
      if (this.#pending.size === 0) atEndOfTurn(() => this.#flush());
      const ended = (): void => {
        this.#unanswered -= size;
        this.#admit();
      };
      const asked: AskedStep = {
        step,
        attempt: given?.attempt,
        resolve(answer) {
          ended();
          resolve(answer);
        },
        reject(error) {
          ended();
          reject(error);
        },
      };
      this.#pending.add(asked);
      given?.attempt?.onGiveUp(() => this.#giveUp(asked, given));
    });
  }

  /** Whoever gives up is not kept waiting, nor is what it would have written. */
  #turn({ attempt }: Abandonable): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.add(resolve);
      attempt?.onGiveUp(() => {
        if (this.#waiting.delete(resolve)) reject(notSent());
      });
    });
  }

  /** One at a time, which admits the next: each takes room only when it is sent, and may not come to that. */
  #admit(): void {
    const [next] = this.#waiting;
    if (next === undefined || this.#unanswered >= MOST_UNANSWERED) return;
    this.#waiting.delete(next);
    next();
  }

  #giveUp(asked: AskedStep, { undo }: Abandonable): void {
    if (!this.#pending.delete(asked)) return undo();
    asked.reject(notSent());
  }

  #flush(): void {
    const waiting = whenConnected(this.#parts.client);
    if (waiting !== undefined) return void waiting.then(() => this.#flush());
    if (this.#pending.size === 0) return;
    const asked = [...this.#pending];
    this.#pending = new Set();
    const pending = asked.map((each) => counted(each, asked.length));
    for (const command of this.#commandsOf(pending)) void this.#send(command);
  }

  async #send(command: readonly PendingStep[]): Promise<void> {
    const joint = joined(command);
    const [only, ...others] = joint;
    if (only === undefined) return;
    try {
      const isOne = others.length === 0;
      const answer = await this.#call(isOne ? only.step : together(joint.map(({ step }) => step)), command);
      const answers = isOne ? [answer] : (answer as readonly unknown[]);
      joint.forEach((step, at) => settle(step, answers[at]));
    } catch (error) {
      const refuse = ({ reject }: PendingStep): void => reject(explained(error));
      // Redis looks at the keys of a command before it does anything: one that the user may not touch ends all of it.
      const isNothingDone = command.length > 1 && (isNotPermitted(error) || isUnknownScript(error));
      const again = (each: PendingStep): void => (isGivenUp(each) ? refuse(each) : void this.#send([each]));
      command.forEach(isNothingDone ? again : refuse);
    }
  }

  #commandsOf(pending: readonly PendingStep[]): readonly PendingStep[][] {
    const commands: PendingStep[][] = [];
    const open = new Map<number, Command>();
    for (const each of pending) {
      const keys = keyCountOf(each.step);
      const slot = this.#parts.slotOf(keyOfStep(each.step));
      const size = sizeOfStep(each.step);
      let command = open.get(slot);
      if (command === undefined || command.keys + keys > MOST_KEYS || command.size + size > LARGEST_COMMAND) {
        command = { pending: [], keys: 0, size: 0 };
        open.set(slot, command);
        commands.push(command.pending);
      }
      command.pending.push(each);
      command.keys += keys;
      command.size += size;
    }
    return commands;
  }

  /** What was given up has its deletion behind it: sent again, it would come behind that. */
  async #call(step: Step, pending: readonly PendingStep[]): Promise<unknown> {
    const { sender } = this.#parts;
    try {
      return await sender.callBuffer("evalsha", ...hashWords(step));
    } catch (error) {
      if (!isUnknownScript(error) || pending.some(isGivenUp)) throw error;
      return await sender.callBuffer("eval", ...fullWords(step));
    }
  }
}

function counted(asked: AskedStep, count: number): PendingStep {
  const { step } = asked;
  return isCounted(step) ? { ...asked, step: { ...step, args: step.args(count) } } : (asked as PendingStep);
}

function isCounted(step: Step | CountedStep): step is CountedStep {
  return !isSet(step) && typeof step.args === "function";
}

function notSent(): CacheError {
  return new CacheError("STORE_TIMEOUT", "This was given up before Redis could be asked, and was not sent.");
}

function isGivenUp({ attempt }: AskedStep): boolean {
  return attempt?.isGivenUp === true;
}
