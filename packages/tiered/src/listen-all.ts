import type { Awaitable } from "@granary/core";

type Silence = () => Awaitable<void>;

/** Begins to listen at several places. Returns what stops all of it; where one refuses, the others are left again. */
export function listenAll(places: ReadonlyArray<() => Silence | undefined>): () => Promise<void> {
  const silences: Array<Silence | undefined> = [];
  const stop = async (): Promise<void> => {
    await Promise.all(silences.map((silence) => silence?.()));
  };
  try {
    for (const listen of places) silences.push(listen());
  } catch (error) {
    void stop();
    throw error;
  }
  return stop;
}
