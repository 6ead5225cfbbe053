import { type BusMessage, type CacheBus, scopeMarkKey, tagMarkKey } from "@granary/core";

/** What a node's store does before anything is published. */
export interface Writer {
  set(key: string, value: string): Promise<unknown>;
}

/** `bus` with the writes in Redis that go with each message, for a bus that hears of these. */
export function writtenThrough(writer: Writer, bus: CacheBus): CacheBus {
  return {
    ...bus,
    async publish(message) {
      await Promise.all(writesOf(message).map(([key, text]) => writer.set(key, text)));
      await bus.publish(message);
    },
  };
}

function writesOf(message: BusMessage): (readonly [key: string, text: string])[] {
  if (message.type === "changed") return message.keys.map((key) => [key, "value"]);
  if (message.type === "gap") return [];
  const { scope, tags, at } = message;
  if (tags === undefined) return [[scopeMarkKey(scope), `${at} - -`]];
  return [[scopeMarkKey(scope), `- ${at} -`], ...tags.map((tag) => [tagMarkKey(scope, tag), `${at}`] as const)];
}
