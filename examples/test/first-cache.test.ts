import { expect, test } from "vitest";
import { main, userById } from "../first-cache.js";

test("three who ask at once cost one load, and the fourth is answered from memory", async () => {
  expect(await main()).toMatchObject({ gets: 4, hits: 1, misses: 3, loads: 1, loadFailures: 0, errors: 0 });
});

test("the value comes as it was loaded", async () => {
  expect(await userById(7)).toEqual({ id: 7, name: "Ada Lovelace", joined: new Date("2026-11-22") });
});
