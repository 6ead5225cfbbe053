import { farStore, runStoreContract } from "@granary/testkit";
import { describe, test } from "vitest";

describe("a far store holds the contract", () => {
  const capabilities = ["many", "walk", "admits", "marks", "leases", "decodes", "copies"] as const;
  runStoreContract({ capabilities, open: ({ clock }) => ({ store: farStore({ clock }).connect() }) }, test);
});
