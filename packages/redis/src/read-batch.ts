import { atEndOfTurn } from "./end-of-turn.js";
import type { GroupKeys } from "./key-groups.js";
import type { RedisClient } from "./redis-client.js";

type Reply = Uint8Array | null;

interface Read {
  readonly reply: Promise<Reply>;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: unknown) => void;
}

/** Gathers the reads of one turn of the event loop into one command, on a cluster into one for each slot. */
export class ReadBatch {
  readonly #client: RedisClient;
  readonly #group: GroupKeys;
  #reads = new Map<string, Read>();

  constructor(client: RedisClient, group: GroupKeys) {
    this.#client = client;
    this.#group = group;
  }

  /** The bytes under `key`; `null` where there are none. A key that is asked for twice in a turn is read once. */
  read(key: string): Promise<Reply> {
    const waiting = this.#reads.get(key);
    if (waiting !== undefined) return waiting.reply;
    if (this.#reads.size === 0) atEndOfTurn(() => this.#send());
    const read = newRead();
    this.#reads.set(key, read);
    return read.reply;
  }

  #send(): void {
    const reads = this.#reads;
    this.#reads = new Map();
    for (const keys of this.#group([...reads.keys()])) {
      // Each command answers its own keys: a node that is down or slow does not touch the reads of the others.
      this.#fetch(keys).then(
        (replies) => keys.forEach((key, at) => reads.get(key)?.resolve(replies[at] ?? null)),
        (error: unknown) => keys.forEach((key) => reads.get(key)?.reject(error)),
      );
    }
  }

  async #fetch(keys: string[]): Promise<readonly Reply[]> {
    const [first, second] = keys;
    if (first !== undefined && second === undefined) return [await this.#client.getBuffer(first)];
    return this.#client.mgetBuffer(keys);
  }
}

function newRead(): Read {
  let resolve: Read["resolve"] = () => {};
  let reject: Read["reject"] = () => {};
  const reply = new Promise<Reply>((onReply, onError) => {
    resolve = onReply;
    reject = onError;
  });
  return { reply, resolve, reject };
}
