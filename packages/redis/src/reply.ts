import { isAscii } from "node:buffer";
import { CacheError, type StoredBytes } from "@granary/core";

/** As long a text as one socket read gives. Of more, one piece would keep too much in memory until all are read. */
const LONGEST_RUN = 65_536;

/** What Redis holds under a key, with its text where that could be read together with its neighbours'. */
export type Reply = StoredBytes | null;

/**
 * `replies` with their texts. A client cuts the replies to one command out of what it received, so they mostly lie
 * beside each other: to read their memory as one text and cut that makes reading an entry a fifth faster.
 */
export function withTexts(replies: readonly (Uint8Array | null)[]): readonly Reply[] {
  let run: Run | undefined;
  if (!Array.isArray(replies)) throw transformed();
  return replies.map((bytes: Uint8Array | null) => {
    if (bytes === null) return null;
    if (!ArrayBuffer.isView(bytes)) throw transformed();
    if (run === undefined || !run.takes(bytes)) run = new Run(bytes);
    return new ReplyOfRun(bytes, run);
  });
}

/** A client may be made to turn replies into something else. */
function transformed(): CacheError {
  return new CacheError(
    "UNSUPPORTED",
    'The client does not give the bytes that Redis holds: write no Command.setReplyTransformer for "get" and "mget".',
  );
}

/** A reply whose text is read when it is asked for, then with those of all of its run. */
class ReplyOfRun implements StoredBytes {
  readonly bytes: Uint8Array;
  readonly #run: Run;

  constructor(bytes: Uint8Array, run: Run) {
    this.bytes = bytes;
    this.#run = run;
  }

  get text(): string | undefined {
    return this.#run.textOf(this.bytes);
  }
}

/** Replies one behind the other in one piece of memory, with a few bytes of the protocol in between. */
class Run {
  readonly #buffer: ArrayBufferLike;
  readonly #from: number;
  #to: number;
  #isRead = false;
  #text: string | undefined;

  constructor({ buffer, byteOffset, byteLength }: Uint8Array) {
    this.#buffer = buffer;
    this.#from = byteOffset;
    this.#to = byteOffset + byteLength;
  }

  /** Whether `bytes` lie behind all others, and near enough; then they belong to the run. */
  takes({ buffer, byteOffset, byteLength }: Uint8Array): boolean {
    const to = byteOffset + byteLength;
    if (buffer !== this.#buffer || byteOffset < this.#to || to - this.#from > LONGEST_RUN) return false;
    this.#to = to;
    return true;
  }

  /** The text of `bytes`; `undefined` where the run holds more than ASCII, whose places in text and bytes differ. */
  textOf({ byteOffset, byteLength }: Uint8Array): string | undefined {
    if (!this.#isRead) this.#read();
    const from = byteOffset - this.#from;
    return this.#text?.slice(from, from + byteLength);
  }

  #read(): void {
    this.#isRead = true;
    const bytes = Buffer.from(this.#buffer, this.#from, this.#to - this.#from);
    if (bytes.length <= LONGEST_RUN && isAscii(bytes)) this.#text = bytes.toString("latin1");
  }
}
