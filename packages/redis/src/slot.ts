const SLOTS = 16_384;
const POLYNOMIAL = 0x1021;
const encoder = new TextEncoder();
const table = Uint16Array.from({ length: 256 }, (_, byte) => remainderOf(byte));

/**
 * The slot of a cluster that `key`, with its prefix, lives in: CRC16 (XMODEM) of the key, or of what stands
 * between its first `{` and the next `}` unless that is nothing. Source: the Redis Cluster specification.
 */
export function slotOf(key: string): number {
  let crc = 0;
  for (const byte of encoder.encode(hashedPart(key))) {
    crc = ((crc << 8) ^ (table[(crc >> 8) ^ byte] ?? 0)) & 0xffff;
  }
  return crc % SLOTS;
}

function hashedPart(key: string): string {
  const open = key.indexOf("{");
  if (open < 0) return key;
  const close = key.indexOf("}", open + 1);
  return close <= open + 1 ? key : key.slice(open + 1, close);
}

function remainderOf(byte: number): number {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ POLYNOMIAL;
  return crc & 0xffff;
}
