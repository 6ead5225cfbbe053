import { isError } from "@granary/core";
import { atEndOfTurn } from "./end-of-turn.js";
import { LONGEST_COMMAND, type SlotOfKey } from "./key-groups.js";
import { type Limit, type Patience, tooLate } from "./patience.js";
import { isNotPermitted, orUnpermitted } from "./permissions.js";
import type { RedisClient } from "./redis-client.js";
import {
  type CountedStep,
  fullWords,
  hashWords,
  isUnknownScript,
  latenessIn,
  type Step,
  sizeOfStep,
  together,
} from "./script.js";

/** Where changes go, and until when. */
export interface WriteBatchParts {
  readonly client: RedisClient;
  readonly slotOf: SlotOfKey;
  readonly patience: Patience;
}

interface AskedStep {
  readonly step: Step | CountedStep;
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

/** Most values have a lease. */
const MOST_KEYS = 2 * LONGEST_COMMAND;

/** Roughly the most characters of a command for several steps. */
const LARGEST_COMMAND = 1_000_000;

/**
 * Gathers the changes of one turn of the event loop into one command, on a cluster into one for each slot. All of them
 * go through here, since they must reach Redis in the order in which they were asked for: a delete behind a set that
 * still waits has to win.
 */
export class WriteBatch {
  readonly #client: RedisClient;
  readonly #slotOf: SlotOfKey;
  readonly #patience: Patience;
  #pending: AskedStep[] = [];

  constructor({ client, slotOf, patience }: WriteBatchParts) {
    this.#client = client;
    this.#slotOf = slotOf;
    this.#patience = patience;
  }

  /** Resolves to what Redis answers to `step`. */
  send(step: Step | CountedStep): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#pending.length === 0) atEndOfTurn(() => this.#flush());
      this.#pending.push({ step, resolve, reject });
    });
  }

  #flush(): void {
    const asked = this.#pending;
    this.#pending = [];
    const pending = asked.map((each) => counted(each, asked.length));
    const limit = this.#patience.limitOf(pending.length);
    for (const command of this.#commandsOf(pending)) this.#send(command, limit);
  }

  #send(command: readonly PendingStep[], limit: Limit): void {
    const [only] = command;
    if (only !== undefined && command.length === 1) this.#alone(only, limit);
    else void this.#together(command, limit);
  }

  #commandsOf(pending: readonly PendingStep[]): readonly PendingStep[][] {
    const commands: PendingStep[][] = [];
    const open = new Map<number, Command>();
    for (const each of pending) {
      const { keys } = each.step;
      const slot = this.#slotOf(keys[0] as string);
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

  #alone(only: PendingStep, limit: Limit): void {
    this.#call(only.step, limit).then(only.resolve, (error: unknown) => this.#refused(only, limit, error));
  }

  async #together(pending: readonly PendingStep[], limit: Limit): Promise<void> {
    try {
      const answers = (await this.#call(together(pending.map(({ step }) => step)), limit)) as readonly unknown[];
      pending.forEach((each, at) => {
        const answer = answers[at];
        if (isError(answer)) this.#refused(each, limit, answer);
        else each.resolve(answer);
      });
    } catch (error) {
      // Redis looks at the keys of a command before it does anything: one that the user may not touch ends all of it.
      const refuse = isNotPermitted(error)
        ? (each: PendingStep): void => this.#alone(each, limit)
        : ({ reject }: PendingStep): void => reject(error);
      pending.forEach(refuse);
    }
  }

  /** What was refused as late by a clock that had been mistaken is asked for again. */
  #refused(each: PendingStep, limit: Limit, error: unknown): void {
    const serverAt = latenessIn(error);
    if (serverAt === undefined) return each.reject(orUnpermitted(error));
    const next = this.#patience.again(limit, serverAt);
    if (next === undefined) each.reject(tooLate(error));
    else this.#alone(each, next);
  }

  async #call(step: Step, limit: Limit): Promise<unknown> {
    try {
      return await this.#client.callBuffer("evalsha", ...hashWords(step, limit));
    } catch (error) {
      if (!isUnknownScript(error)) throw error;
      return this.#client.callBuffer("eval", ...fullWords(step, limit));
    }
  }
}

function counted(asked: AskedStep, count: number): PendingStep {
  const { step } = asked;
  return isCounted(step) ? { ...asked, step: { ...step, args: step.args(count) } } : (asked as PendingStep);
}

function isCounted(step: Step | CountedStep): step is CountedStep {
  return typeof step.args === "function";
}
