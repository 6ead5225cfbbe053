import { faultyStore, manualClock, nextTurn, runStoreContract } from "@granary/testkit";
import { describe, expect, test } from "vitest";
import { mapStore } from "./map-store.js";

const ENTRY = { value: 1, createdAt: 0, freshUntil: Number.POSITIVE_INFINITY, keepUntil: Number.POSITIVE_INFINITY };

describe("a store without a fault holds the contract through the wrapper", () => {
  const capabilities = ["many", "walk", "close"] as const;
  runStoreContract({ capabilities, open: ({ clock }) => faultyStore(mapStore(clock)) }, test);
});

function open() {
  return faultyStore(mapStore(manualClock()));
}

test("a sound call is answered at once, and counted", () => {
  const { store, faults } = open();
  void store.set("k", ENTRY);
  expect(store.get("k")).toBe(ENTRY);
  expect(store.delete("k")).toBe(true);
  expect(faults.calls).toBe(3);
});

test("every verb rejects while the store fails, and none after it is mended", async () => {
  const { store, faults } = open();
  const verbs = [
    () => store.get("k"),
    () => store.set("k", ENTRY),
    () => store.delete("k"),
    () => store.many?.get(["k"]),
    () => store.many?.set([["k", ENTRY]]),
    () => store.many?.delete(["k"]),
    () => store.walk?.("*")[Symbol.asyncIterator]().next(),
  ];
  const error = new Error("down");
  faults.fail(error);
  for (const verb of verbs) await expect(verb()).rejects.toBe(error);
  faults.mend();
  for (const verb of verbs) await verb();
  expect(faults.calls).toBe(14);
});

test("only the next calls fail where so many were asked for", async () => {
  const { store, faults } = open();
  faults.failNext(2);
  await expect(store.get("k")).rejects.toThrow("a test wants it");
  await expect(store.get("k")).rejects.toThrow("a test wants it");
  expect(store.get("k")).toBeUndefined();
});

test("a call that hangs goes on when the store is mended, and does its work then", async () => {
  const { store, faults } = open();
  faults.hang();
  let isSet = false;
  const setting = Promise.resolve(store.set("k", ENTRY)).then(() => (isSet = true));
  await nextTurn();
  expect([isSet, faults.hanging]).toEqual([false, 1]);
  faults.mend();
  await setting;
  expect(store.get("k")).toBe(ENTRY);
  expect(faults.hanging).toBe(0);
});
