import { atEndOfTurn } from "./end-of-turn.js";
import { LONGEST_COMMAND, type SlotOfKey } from "./key-groups.js";
import type { RedisClient } from "./redis-client.js";
import { fullWords, hashWords, isNotPermitted, isUnknownScript, type Step, sizeOfStep, together } from "./script.js";

interface PendingStep {
  readonly step: Step;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
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
  #pending: PendingStep[] = [];

  constructor(client: RedisClient, slotOf: SlotOfKey) {
    this.#client = client;
    this.#slotOf = slotOf;
  }

  /** Resolves to what Redis answers to `step`. */
  send(step: Step): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#pending.length === 0) atEndOfTurn(() => this.#flush());
      this.#pending.push({ step, resolve, reject });
    });
  }

  #flush(): void {
    const pending = this.#pending;
    this.#pending = [];
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

  #alone({ step, resolve, reject }: PendingStep): void {
    this.#call(step).then(resolve, reject);
  }

  async #together(pending: readonly PendingStep[]): Promise<void> {
    try {
      const answers = (await this.#call(together(pending.map(({ step }) => step)))) as readonly unknown[];
      pending.forEach(({ resolve, reject }, at) => {
        const answer = answers[at];
        if (answer instanceof Error) reject(answer);
        else resolve(answer);
      });
    } catch (error) {
      // Redis looks at the keys of a command before it does anything: one that the user may not touch ends all of it.
      const refuse = isNotPermitted(error)
        ? (each: PendingStep): void => this.#alone(each)
        : ({ reject }: PendingStep): void => reject(error);
      pending.forEach(refuse);
    }
  }

  async #call(step: Step): Promise<unknown> {
    try {
      return await this.#client.callBuffer("evalsha", ...hashWords(step));
    } catch (error) {
      if (!isUnknownScript(error)) throw error;
      return this.#client.callBuffer("eval", ...fullWords(step));
    }
  }
}
