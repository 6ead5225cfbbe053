import { afterAll, afterEach, beforeAll, expect } from "vitest";

/** Fails a test of the file that calls this where a promise was rejected and nobody took notice. */
export function expectNoRejections(): void {
  const rejections: unknown[] = [];
  const note = (reason: unknown): unknown => rejections.push(reason);
  beforeAll(() => void process.on("unhandledRejection", note));
  afterEach(() => expect(rejections).toEqual([]));
  afterAll(() => void process.off("unhandledRejection", note));
}
