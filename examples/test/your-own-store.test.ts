import { readFileSync } from "node:fs";
import { runStoreContract } from "@granary/testkit";
import { describe, expect, test } from "vitest";
import { main, mapStore } from "../your-own-store.js";

describe("a store of one's own holds the contract of stores", () => {
  runStoreContract({ open: ({ clock }) => ({ store: mapStore(clock) }) }, test);
});

test("a cache runs on it", async () => {
  expect(await main()).toBe("Good morning");
});

test("it is written in under 15 lines", () => {
  const source = readFileSync(new URL("../your-own-store.ts", import.meta.url), "utf8");
  const [, body = ""] = /^export function mapStore[^\n]*\n(.*?)^\}$/ms.exec(source) ?? [];
  const lines = body.split("\n").length + 1;
  expect(lines).toBeGreaterThan(5);
  expect(lines).toBeLessThan(15);
});
