/**
 * What `start` gives for each of `participants`, started one after the other, and the records of those that did not
 * start. A participant is `{ subject, variant? }`.
 */
export async function startAll(participants, { start, failed }) {
  const [open, out] = [new Map(), []];
  for (const participant of participants) {
    try {
      open.set(participant, await start(participant));
    } catch (error) {
      if (error.cannot === undefined) failed(participant, error);
      out.push({ ...participant, ...(error.cannot === undefined ? failureOf(error) : { cannot: error.cannot }) });
    }
  }
  return { open, out };
}

/** What a record says of an error. */
export const failureOf = (error) => ({ failed: error.message.split("\n")[0] });

/** Ends what `startAll` has started. */
export async function endAll({ open }) {
  await Promise.all([...open.values()].map((each) => each.end()));
}
