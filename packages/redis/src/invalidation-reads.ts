import { type BusListener, type BusMessage, type Clock, type GenerationRecord, newEpoch } from "@granary/core";
import { scopeOfRecord, tagsKey } from "./generation-keys.js";
import { recordIn } from "./generation-record.js";
import type { RedisClient } from "./redis-client.js";

export interface InvalidationReadsParts {
  readonly client: RedisClient;
  readonly clock: Clock;
  readonly told: BusListener;
}

type Invalidated = Extract<BusMessage, { type: "invalidated" }>;

/** Beyond these all are told once more. */
const MOST_KNOWN = 10_000;
/** Beyond this many tags the whole namespace is told. */
const MOST_TAGS = 1_000;

/**
 * A record, and the tags that were invalidated behind a sequence. By a script, which is always run by the master, where they
 * were written; a client may send plain reads elsewhere.
 */
const READ = `
local text = redis.call('GET', KEYS[1])
local since = string.match(text or '', '^%w+') == ARGV[2] and ARGV[1] or '0'
local tags = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. since, '+inf', 'LIMIT', 0, ${MOST_TAGS})
return {text, unpack(tags)}`;

/**
 * Tells of invalidations. Redis says only which keys changed, and what was invalidated is in what they hold: so each is
 * read back. One read at a time: what is changed meanwhile waits for the next, which keeps a client that does not answer
 * from piling them up.
 */
export class InvalidationReads {
  readonly #parts: InvalidationReadsParts;
  readonly #wanted = new Set<string>();
  /** Records that were told, by their keys. */
  readonly #known = new Map<string, GenerationRecord>();
  #unreadSince = Number.POSITIVE_INFINITY;
  #state: "idle" | "reading" | "closed" = "idle";

  constructor(parts: InvalidationReadsParts) {
    this.#parts = parts;
  }

  /** Up to this instant of the clock all invalidations have been told. */
  get unreadSince(): number {
    return this.#unreadSince;
  }

  read(keys: readonly string[]): void {
    if (this.#state === "closed") return;
    for (const key of keys) this.#wanted.add(key);
    if (this.#wanted.size > 0 && this.#state === "idle") void this.#readAll();
  }

  close(): void {
    this.#state = "closed";
    this.#wanted.clear();
  }

  async #readAll(): Promise<void> {
    this.#state = "reading";
    while (this.#wanted.size > 0) {
      // What was wanted while the last read was under way is not older than the beginning of that one.
      this.#unreadSince = Math.min(this.#unreadSince, this.#parts.clock.now());
      const keys = [...this.#wanted];
      this.#wanted.clear();
      await this.#readSome(keys);
    }
    this.#unreadSince = Number.POSITIVE_INFINITY;
    if (this.#state === "reading") this.#state = "idle";
  }

  /** Where records cannot be read, nothing that was taken in before them is trusted any more. */
  async #readSome(keys: readonly string[]): Promise<void> {
    const { told } = this.#parts;
    try {
      const messages = await Promise.all(keys.map((key) => this.#messagesOf(key)));
      for (const message of messages.flat()) told.message(message);
    } catch {
      told.gap();
    }
  }

  /**
   * What has been invalidated since the last look. A record that is gone, or was made anew, may have taken invalidations
   * along that nobody has read; so may tags, of which a member that vouches for the rest says up to where some are missing.
   */
  async #messagesOf(key: string): Promise<readonly Invalidated[]> {
    const { client } = this.#parts;
    const scope = scopeOfRecord(key);
    const before = this.#known.get(key);
    const answer = await client.callBuffer(
      "eval",
      READ,
      2,
      key,
      tagsKey(scope),
      before?.tagged ?? 0,
      before?.epoch ?? "",
    );
    const [text, ...members] = (answer as readonly (Uint8Array | null)[]).map((each) => each && String(each));
    if (text === null || text === undefined) {
      this.#known.delete(key);
      // Nobody has heard of this one before.
      return [{ type: "invalidated", scope, epoch: newEpoch(), sequence: 0 }];
    }
    const record = recordIn(text);
    this.#remember(key, record);
    const same = before ?? { epoch: record.epoch, cleared: 0, tagged: 0 };
    const tags = members.flatMap((member) => (member?.startsWith("t") === true ? [member.slice(1)] : []));
    const { epoch, sequence, cleared, tagged } = record;
    const areTagsLost =
      tags.length === 0 || tags.length >= MOST_TAGS - 1 || tags.length < members.length || tags.some(isUnlike);
    const isWhole = epoch !== same.epoch || cleared > same.cleared || (tagged > same.tagged && areTagsLost);
    if (isWhole) return [{ type: "invalidated", scope, epoch, sequence }];
    return tagged > same.tagged ? [{ type: "invalidated", scope, tags, epoch, sequence: tagged }] : [];
  }

  #remember(key: string, record: GenerationRecord): void {
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    this.#known.set(key, record);
  }
}

/** Whether Redis holds `tag` as it cannot have been: it knows no half characters. */
function isUnlike(tag: string): boolean {
  return tag.includes("\uFFFD");
}
