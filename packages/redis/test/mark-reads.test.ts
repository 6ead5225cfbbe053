import { manualClock, nextTurn, recordingListener } from "@granary/testkit";
import { expect, test } from "vitest";
import { MarkReads } from "../src/mark-reads.js";
import type { RedisClient } from "../src/redis-client.js";

const keyOf = (scope: string): string => `granary:mark:{granary:v1:${scope}}`;

/** Marks that all were raised at 5, and a client that answers when it is told to. */
function open() {
  const [clock, told] = [manualClock(), recordingListener()];
  const asked: { readonly keys: readonly string[]; answer(): void; fail(): void }[] = [];
  const callBuffer = (...words: string[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      // Behind the command, the script and the number of keys.
      const keys = words.slice(3);
      const answer = (): void => resolve(keys.map(() => Buffer.from("5 - -")));
      asked.push({ keys, answer, fail: () => reject(new Error("The connection was lost.")) });
    });
  const client = { callBuffer, options: {} } as unknown as RedisClient;
  return { clock, told, asked, reads: new MarkReads({ client, clock, told }) };
}

test("marks that are raised while others are read are read behind them, together", async () => {
  const { asked, reads, told } = open();
  reads.read([keyOf("a")]);
  reads.read([keyOf("b")]);
  reads.read([keyOf("c"), keyOf("b")]);
  expect(asked.map(({ keys }) => keys)).toEqual([[keyOf("a")]]);
  asked[0]!.answer();
  await nextTurn();
  expect(asked.map(({ keys }) => keys)).toEqual([[keyOf("a")], [keyOf("b"), keyOf("c")]]);
  asked[1]!.answer();
  await nextTurn();
  expect(told.messages.map((message) => "scope" in message && message.scope)).toEqual([
    "granary:v1:a",
    "granary:v1:b",
    "granary:v1:c",
  ]);
});

test("it is known since when there are marks that were not told", async () => {
  const { clock, asked, reads } = open();
  reads.read([]);
  expect(reads.unreadSince).toBe(Number.POSITIVE_INFINITY);
  const at = clock.now();
  reads.read([keyOf("a")]);
  await clock.advance(1_000);
  reads.read([keyOf("b")]);
  expect(reads.unreadSince).toBe(at);
  asked[0]!.answer();
  await nextTurn();
  expect(reads.unreadSince).toBe(at);
  asked[1]!.answer();
  await nextTurn();
  expect(reads.unreadSince).toBe(Number.POSITIVE_INFINITY);
});

test("marks that cannot be read are a gap, and the next ones are read", async () => {
  const { asked, reads, told } = open();
  reads.read([keyOf("a")]);
  asked[0]!.fail();
  await nextTurn();
  reads.read([keyOf("b")]);
  asked[1]!.answer();
  await nextTurn();
  expect(told).toMatchObject({ gaps: 1, errors: [], messages: [{ type: "marked", scope: "granary:v1:b", at: 5 }] });
});

test("nothing more is read once it was closed", async () => {
  const { asked, reads } = open();
  reads.read([keyOf("a")]);
  reads.read([keyOf("b")]);
  reads.close();
  reads.read([keyOf("c")]);
  asked[0]!.answer();
  await nextTurn();
  expect(asked).toHaveLength(1);
});
