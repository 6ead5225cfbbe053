import { compressed, encrypted } from "@granary/serializers";
import { superjsonSerializer } from "@granary/superjson";
import { runSerializerContract } from "@granary/testkit";
import { describe, test } from "vitest";
import { ALGORITHMS, newKey, secret, squeezed } from "./support/serializers.js";

const skips = { "what it encodes twice is the same both times": "each time is encrypted under another IV" };

describe("compressed, by its defaults", () => {
  runSerializerContract({ open: () => compressed(superjsonSerializer) }, test);
});

describe.each(ALGORITHMS)("compressed by %s, however short", (algorithm) => {
  runSerializerContract({ open: () => squeezed(algorithm) }, test);
});

describe("compressed twice", () => {
  runSerializerContract({ open: () => compressed(squeezed("brotli"), { threshold: 0 }) }, test);
});

describe("encrypted", () => {
  runSerializerContract({ open: () => secret, skips }, test);
});

describe("compressed, then encrypted", () => {
  runSerializerContract({ open: () => encrypted(squeezed(), { keys: [newKey] }), skips }, test);
});

describe("encrypted, then compressed, which gains nothing", () => {
  runSerializerContract({ open: () => compressed(secret, { threshold: 0 }), skips }, test);
});
