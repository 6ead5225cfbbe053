export type { CompressionAlgorithm } from "./algorithms.js";
export { type CompressedOptions, compressed } from "./compressed.js";
export { type EncryptedOptions, encrypted } from "./encrypted.js";
export type { EncryptionKey } from "./keyring.js";
