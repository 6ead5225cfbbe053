import { type Attempt, CacheError, isError } from "@granary/core";
import { whenConnected } from "./connected.js";
import { atEndOfTurn } from "./end-of-turn.js";
import { LONGEST_COMMAND, type SlotOfKey } from "./key-groups.js";
import { isNotPermitted, orUnpermitted } from "./permissions.js";
import type { RedisClient } from "./redis-client.js";
import { orRefused } from "./refusals.js";
import { type CountedStep, fullWords, hashWords, isUnknownScript, type Step, sizeOfStep, together } from "./script.js";

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

interface AskedStep {
  readonly step: Step | CountedStep;
  readonly attempt: Attempt | undefined;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface PendingStep extends AskedStep {
  readonly step: Step;
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
  async sendInTurn(encoded: () => Step, given: Abandonable): Promise<unknown> {
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
    const answer = new Promise((resolve, reject) => {
      if (this.#pending.size === 0) atEndOfTurn(() => this.#flush());
      const asked: AskedStep = { step, attempt: given?.attempt, resolve, reject };
      this.#pending.add(asked);
      given?.attempt?.onGiveUp(() => this.#giveUp(asked, given));
    });
    const ended = (): void => {
      this.#unanswered -= size;
      this.#admit();
    };
    answer.then(ended, ended);
    return answer;
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
    for (const command of this.#commandsOf(pending)) this.#send(command);
  }

  #send(command: readonly PendingStep[]): void {
    const [only] = command;
    if (only !== undefined && command.length === 1) this.#alone(only);
    else void this.#together(command);
  }

  #commandsOf(pending: readonly PendingStep[]): readonly PendingStep[][] {
    const commands: PendingStep[][] = [];
    const open = new Map<number, Command>();
    for (const each of pending) {
      const { keys } = each.step;
      const slot = this.#parts.slotOf(keys[0] as string);
      const size = sizeOfStep(each.step);
      let command = open.get(slot);
      if (command === undefined || command.keys + keys.length > MOST_KEYS || command.size + size > LARGEST_COMMAND) {
        command = { pending: [], keys: 0, size: 0 };
        open.set(slot, command);
        commands.push(command.pending);
      }
      command.pending.push(each);
      command.keys += keys.length;
      command.size += size;
    }
    return commands;
  }

  #alone(only: PendingStep): void {
    this.#call(only.step, [only]).then(only.resolve, (error: unknown) => only.reject(explained(error)));
  }

  async #together(pending: readonly PendingStep[]): Promise<void> {
    try {
      const answers = (await this.#call(together(pending.map(({ step }) => step)), pending)) as readonly unknown[];
      pending.forEach(({ resolve, reject }, at) => {
        const answer = answers[at];
        if (isError(answer)) reject(explained(answer));
        else resolve(answer);
      });
    } catch (error) {
      // Redis looks at the keys of a command before it does anything: one that the user may not touch ends all of it.
      const isNothingDone = isNotPermitted(error) || isUnknownScript(error);
      const refuse = ({ reject }: PendingStep): void => reject(explained(error));
      pending.forEach((each) => (isNothingDone && !isGivenUp(each) ? this.#alone(each) : refuse(each)));
    }
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

function isGivenUp({ attempt }: AskedStep): boolean {
  return attempt?.isGivenUp === true;
}

function isCounted(step: Step | CountedStep): step is CountedStep {
  return typeof step.args === "function";
}

function notSent(): CacheError {
  return new CacheError("STORE_TIMEOUT", "This was given up before Redis could be asked, and was not sent.");
}

function explained(error: unknown): unknown {
  return orRefused(orUnpermitted(error));
}
