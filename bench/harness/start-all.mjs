/**
 * What `start` gives for each of `participants`, started one after the other, and the records of those that did not
 * start. A participant is `{ subject, variant? }`.
 */
export async function startAll(participants, { start, failed }) {
  const [open, out] = [new Map(), []];
  for (const participant of participants) {
    const begun = start(participant).then((child) => open.set(participant, child));
    await begun.catch((error) => out.push({ ...participant, ...outcomeOf(error, () => failed(participant, error)) }));
  }
  return { open, out };
}

function outcomeOf(error, tell) {
  if (error.cannot !== undefined) return { cannot: error.cannot };
  tell();
  return failureOf(error);
}

/** What a record says of an error. */
export const failureOf = (error) => ({ failed: error.message.split("\n")[0] });

/** Ends what `startAll` has started. */
export async function endAll({ open }) {
  await Promise.all([...open.values()].map((each) => each.end()));
}
