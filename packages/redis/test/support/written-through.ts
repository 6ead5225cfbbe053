import type { BusMessage, CacheBus } from "@granary/core";
import { recordKey, tagsKey } from "../../src/generation-keys.js";

/** What a node's store does before anything is published. */
export interface Writer {
  set(key: string, value: string): Promise<unknown>;
  zadd(key: string, score: number, member: string): Promise<unknown>;
}

/** `bus` with the writes in Redis that go with each message, for a bus that hears of these. */
export function writtenThrough(writer: Writer, bus: CacheBus): CacheBus {
  return {
    ...bus,
    async publish(message) {
      await Promise.all(writesOf(writer, message));
      await bus.publish(message);
    },
  };
}

function writesOf(writer: Writer, message: BusMessage): readonly Promise<unknown>[] {
  if (message.type === "changed") return message.keys.map((key) => writer.set(key, "value"));
  if (message.type === "gap") return [];
  const { scope, tags, epoch, sequence } = message;
  if (tags === undefined) return [writer.set(recordKey(scope), `${epoch} ${sequence} ${sequence} 0`)];
  // The record comes last, as in the script: whoever hears of it reads the tags.
  const tagged = tags.map((tag) => writer.zadd(tagsKey(scope), sequence, `t${tag}`));
  return [...tagged, writer.set(recordKey(scope), `${epoch} ${sequence} 0 ${sequence}`)];
}
