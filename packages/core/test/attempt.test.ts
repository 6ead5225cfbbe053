import { PendingAttempt } from "@granary/core";
import { expect, test } from "vitest";

test("an attempt tells all who listen once that it is given up", () => {
  const attempt = new PendingAttempt();
  const told: string[] = [];
  for (const name of ["one", "other"]) attempt.onGiveUp(() => told.push(`${name}: ${attempt.isGivenUp}`));
  expect([attempt.isGivenUp, told]).toEqual([false, []]);
  attempt.giveUp();
  attempt.giveUp();
  expect(told).toEqual(["one: true", "other: true"]);
});

test("an attempt to which nobody listens can be given up", () => {
  const attempt = new PendingAttempt();
  attempt.giveUp();
  expect(attempt.isGivenUp).toBe(true);
});
