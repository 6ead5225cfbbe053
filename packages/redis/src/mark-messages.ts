import type { BusMessage } from "@granary/core";
import { groupKeys, slotsOf } from "./key-groups.js";
import type { RedisClient } from "./redis-client.js";
import { scopeMarkIn, tagMarkIn } from "./scope-mark-text.js";

export type MarkedMessage = Extract<BusMessage, { type: "marked" }>;

/** A script is always run by the master, where the mark was raised; a client may send plain reads elsewhere. */
const READ = "return redis.call('MGET', unpack(KEYS))";

/** What the marks under `keys` say by now, as messages. Fails as the client does, and where a mark cannot be read. */
export async function readMarks(client: RedisClient, keys: readonly string[]): Promise<readonly MarkedMessage[]> {
  const read = groupKeys(keys, slotsOf(client)).map(async (group) => {
    const found = (await client.callBuffer("eval", READ, group.length, ...group)) as (Uint8Array | null)[];
    return group.flatMap((key, at) => messageOf(key, found[at] ?? null));
  });
  return joined((await Promise.all(read)).flat());
}

/** None where nothing of the kind has ever happened, or the mark is gone. */
function messageOf(key: string, bytes: Uint8Array | null): MarkedMessage[] {
  const [open, close] = [key.indexOf("{"), key.indexOf("}")];
  const scope = key.slice(open + 1, close);
  const isOfTag = key.length > close + 1;
  const reply = bytes === null ? null : { bytes, text: undefined };
  const at = isOfTag ? tagMarkIn(reply) : scopeMarkIn(reply).clearedAt;
  if (at === Number.NEGATIVE_INFINITY) return [];
  return [{ type: "marked", scope, at, ...(isOfTag && { tags: [key.slice(close + 2)] }) }];
}

/** Tags that were invalidated together are one message, as on another bus. */
function joined(messages: readonly MarkedMessage[]): readonly MarkedMessage[] {
  const together = new Map<string, MarkedMessage>();
  for (const message of messages) {
    const { scope, at, tags = [] } = message;
    const name = `${scope} ${at} ${message.tags === undefined}`;
    const before = together.get(name)?.tags ?? [];
    together.set(name, message.tags === undefined ? message : { ...message, tags: [...before, ...tags] });
  }
  return [...together.values()];
}
