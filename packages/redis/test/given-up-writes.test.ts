import { PendingAttempt } from "@granary/core";
import { nextTurn } from "@granary/testkit";
import { expect, test } from "vitest";
import type { RedisClient } from "../src/redis-client.js";
import type { SetStep } from "../src/script.js";
import { WriteBatch } from "../src/write-batch.js";

const WRITE = { lease: undefined, text: "text", life: "", open: undefined } as const;
const SET: SetStep = { step: "set", records: { keys: [], texts: [] }, writes: [{ ...WRITE, value: "k" }] };

/** A batch on a server that answers when a test says so. */
function slowBatch() {
  const sent: {
    readonly command: string;
    readonly words: unknown[];
    readonly answer: (answer: unknown) => void;
    readonly refuse: (error: Error) => void;
  }[] = [];
  const client = {
    status: "ready",
    callBuffer: (command: string, ...words: unknown[]) =>
      new Promise((resolve, reject) => {
        sent.push({ command, words, answer: resolve, refuse: reject });
      }),
  } as unknown as RedisClient;
  return { sent, batch: new WriteBatch({ client, sender: client, slotOf: () => 0 }) };
}

test.each([
  ["is sent with its script while somebody waits for it", false, ["evalsha", "eval"]],
  ["is not sent again once it was given up, behind its own deletion", true, ["evalsha"]],
] as const)("a set whose script the server does not know %s", async (_, isGivenUp, commands) => {
  const { sent, batch } = slowBatch();
  const attempt = new PendingAttempt();
  let undone = 0;
  const written = batch.send(SET, { attempt, undo: () => void (undone += 1) });
  const ended = written.catch((error: unknown) => String(error));
  await nextTurn();
  if (isGivenUp) attempt.giveUp();
  sent[0]?.refuse(new Error("NOSCRIPT No matching script."));
  await nextTurn();
  expect([sent.map(({ command }) => command), undone]).toEqual([commands, isGivenUp ? 1 : 0]);
  sent[1]?.refuse(new Error("down"));
  expect(await ended).toBe(isGivenUp ? "Error: NOSCRIPT No matching script." : "Error: down");
});

test.each([
  ["script the server does not know", "NOSCRIPT No matching script."],
  ["keys the user may not touch", "NOPERM this user has no permissions to access one of the keys"],
])("of sets that go out together, whose %s, the one that was given up is not sent again", async (_, answer) => {
  const { sent, batch } = slowBatch();
  const attempts = ["given up", "awaited"].map((key) => {
    const attempt = new PendingAttempt();
    const step = { ...SET, writes: [{ ...WRITE, value: key }] };
    void batch.send(step, { attempt, undo: () => {} }).catch(() => {});
    return attempt;
  });
  await nextTurn();
  attempts[0]?.giveUp();
  sent[0]?.refuse(new Error(answer));
  await nextTurn();
  expect(sent).toHaveLength(2);
  expect(sent[1]?.words).toContain("awaited");
  expect(sent[1]?.words).not.toContain("given up");
});

test("of values that go out as one step, the one that a full server does not take fails alone", async () => {
  const { sent, batch } = slowBatch();
  const keys = ["a", "b", "c"];
  const written = keys.map((value) => batch.send({ ...SET, writes: [{ ...WRITE, value }] }));
  const ended = Promise.allSettled(written);
  await nextTurn();
  expect(sent).toHaveLength(1);
  sent[0]?.answer([["record"], 1, new Error("OOM command not allowed when used memory > 'maxmemory'."), 1]);
  expect((await ended).map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  await expect(written[0]).resolves.toEqual(["record"]);
  await expect(written[1]).rejects.toMatchObject({ code: "STORE_REFUSED" });
});
