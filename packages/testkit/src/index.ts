export type { BusCase, OpenBus } from "./bus-cases.js";
export { type BusSubject, busContract, type OpenedBus, runBusContract } from "./bus-contract.js";
export type { ContractCase, ContractSubject, TestFunction } from "./contract.js";
export { isEqual } from "./equal.js";
export { nextTurn } from "./event-loop.js";
export { type FarConnection, type FarLine, type FarStore, type FarStoreOptions, farStore } from "./far-store.js";
export type { InjectedFault } from "./fault-board.js";
export type { DuplicateFault, FaultLife, FaultPlace, RejectFault, TravelFault } from "./faults.js";
export {
  type BusFault,
  type BusFaultScope,
  type BusFaults,
  type FaultyBus,
  type FaultyBusOptions,
  faultyBus,
} from "./faulty-bus.js";
export { type FaultyStore, type FaultyStoreOptions, faultyStore, type StoreFaults } from "./faulty-store.js";
export { keyTable } from "./key-table.js";
export { type LocalHub, localHub } from "./local-hub.js";
export { type ManualClock, manualClock } from "./manual-clock.js";
export type { OpenStore, StoreCapability, StoreCase } from "./open-store.js";
export { type RecordingListener, recordingListener } from "./recording-listener.js";
export {
  runSerializerContract,
  type SerializerCase,
  type SerializerSubject,
  serializerContract,
} from "./serializer-contract.js";
export {
  type OpenedStore,
  runStoreContract,
  type StoreContext,
  type StoreSubject,
  storeContract,
} from "./store-contract.js";
export type { CorruptFault, ForgetFault, StoreFault, StoreFaultScope, StoreVerb } from "./store-faults.js";
export { type ValueRow, valueTable } from "./value-table.js";
