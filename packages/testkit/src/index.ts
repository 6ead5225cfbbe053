export type { ContractCase, ContractSubject, TestFunction } from "./contract.js";
export { isEqual } from "./equal.js";
export { keyTable } from "./key-table.js";
export { type ManualClock, manualClock } from "./manual-clock.js";
export type { OpenStore, StoreCapability, StoreCase } from "./open-store.js";
export {
  type OpenedStore,
  runStoreContract,
  type StoreContext,
  type StoreSubject,
  storeContract,
} from "./store-contract.js";
export { type ValueRow, valueTable } from "./value-table.js";
