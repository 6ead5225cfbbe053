import { randomBytes } from "node:crypto";
import type { EncryptionKey } from "@granary/serializers";
import type { Redis } from "ioredis";
import { expect, onTestFinished, test } from "vitest";
import { main, type Patient } from "../secret-and-small.js";
import { testClient } from "./support.js";

const spring: EncryptionKey = { name: "2026-05", key: randomBytes(32) };
const autumn: EncryptionKey = { name: "2026-11", key: randomBytes(32) };
const ada: Patient = { name: "Ada Lovelace", born: new Date("1815-12-10"), notes: "in good health ".repeat(200) };

test("Redis holds little of a patient, and nothing that can be read", async () => {
  const client = testClient();
  const patients = open(client, [autumn]);
  await patients.set("ada", ada);
  const bytes = await client.getBuffer("granary:v1:patients:ada");
  expect(bytes?.length).toBeLessThan(300);
  expect(bytes?.toString("latin1")).not.toMatch(/Ada|health/);
  expect(await patients.get("ada")).toEqual(ada);
});

test("keys are rotated without a cold cache", async () => {
  const client = testClient();
  await open(client, [spring, autumn]).set("ada", ada);
  const rotated = open(client, [autumn, spring]);
  expect(await rotated.get("ada")).toEqual(ada);
  await rotated.set("ada", ada);
  expect(await open(client, [autumn]).get("ada")).toEqual(ada);
});

test("without the key a patient is a miss, and is loaded again", async () => {
  const client = testClient();
  await open(client, [spring]).set("ada", ada);
  expect(await open(client, [autumn]).getOrSet("ada", () => ada)).toEqual(ada);
});

function open(client: Redis, keys: readonly EncryptionKey[]) {
  const patients = main(client, keys);
  onTestFinished(() => patients.close());
  return patients;
}
