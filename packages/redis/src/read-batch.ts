import { atEndOfTurn } from "./end-of-turn.js";
import { LONGEST_COMMAND, type SlotOfKey } from "./key-groups.js";
import { orUnpermitted } from "./permissions.js";
import type { RedisClient } from "./redis-client.js";
import { type Reply, withTexts } from "./reply.js";

/** A command that goes out at the end of the turn, and what Redis answers. */
interface Command {
  readonly keys: string[];
  readonly replies: Promise<readonly Reply[]>;
  answer(replies: readonly Reply[]): void;
  fail(error: unknown): void;
}

/**
 * Gathers the reads of one turn of the event loop into one command, on a cluster into one for each slot.
 * Each command answers its own keys: a node that is down or slow does not touch the reads of the others.
 */
export class ReadBatch {
  /** Goes up with each turn: what is read while it stays the same is read together, as far as the slots allow it. */
  turn = 0;
  readonly #client: RedisClient;
  readonly #slotOf: SlotOfKey;
  // Made anew for each turn: a map that is cleared keeps its old table, which points at the next one. Once one of them
  // has grown old, all replies from then on stay in memory until a full collection.
  #replies = new Map<string, Promise<Reply>>();
  /** The last command of each slot: it may still have room. */
  #open = new Map<number, Command>();
  #commands: Command[] = [];

  constructor(client: RedisClient, slotOf: SlotOfKey) {
    this.#client = client;
    this.#slotOf = slotOf;
  }

  /** What is under `key`; `null` where nothing is. A key that is asked for twice in a turn is read once. */
  read(key: string): Promise<Reply> {
    const known = this.#replies.get(key);
    if (known !== undefined) return known;
    const command = this.#commandFor(this.#slotOf(key), 1);
    const at = command.keys.push(key) - 1;
    const reply = command.replies.then((replies) => replies[at] ?? null);
    this.#replies.set(key, reply);
    return reply;
  }

  /**
   * What is under each of `keys`, where one command can read them all; `undefined` where it takes several.
   * One promise for all: one for each key would cost more than the rest of the work.
   */
  readTogether(keys: readonly string[]): Promise<readonly Reply[]> | undefined {
    const [first] = keys;
    const slot = first === undefined ? undefined : this.#slotOf(first);
    if (slot === undefined || keys.length > LONGEST_COMMAND) return undefined;
    if (keys.some((key) => this.#slotOf(key) !== slot)) return undefined;
    const command = this.#commandFor(slot, keys.length);
    const from = command.keys.length;
    command.keys.push(...keys);
    return command.replies.then((replies) => replies.slice(from, from + keys.length));
  }

  /** A command with room for that many keys more. */
  #commandFor(slot: number, count: number): Command {
    const open = this.#open.get(slot);
    if (open !== undefined && open.keys.length + count <= LONGEST_COMMAND) return open;
    if (this.#commands.length === 0) atEndOfTurn(() => this.#send());
    const command = newCommand();
    this.#commands.push(command);
    this.#open.set(slot, command);
    return command;
  }

  #send(): void {
    this.turn += 1;
    const commands = this.#commands;
    this.#commands = [];
    this.#replies = new Map();
    this.#open = new Map();
    for (const command of commands) void this.#fetch(command);
  }

  async #fetch({ keys, answer, fail }: Command): Promise<void> {
    const [first, second] = keys;
    const isOne = first !== undefined && second === undefined;
    try {
      answer(withTexts(isOne ? [await this.#client.getBuffer(first)] : await this.#client.mgetBuffer(keys)));
    } catch (error) {
      fail(orUnpermitted(error));
    }
  }
}

function newCommand(): Command {
  let [answer, fail]: [Command["answer"], Command["fail"]] = [() => {}, () => {}];
  const replies = new Promise<readonly Reply[]>((resolve, reject) => {
    [answer, fail] = [resolve, reject];
  });
  return { keys: [], replies, answer, fail };
}
