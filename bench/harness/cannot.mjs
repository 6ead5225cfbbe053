/** That a subject cannot do a row or a column of it, and why. */
export class Cannot extends Error {
  constructor(reason) {
    super(reason);
    this.cannot = reason;
  }
}

/** Why `subject` lacks `need`. @throws where its file gives no reason: nothing is left out in silence. */
export function reasonFor(subject, need) {
  const reason = subject.cannot[need];
  if (reason === undefined) throw new Error(`subjects/${subject.name}.mjs has no ${need}, and does not say why.`);
  return reason;
}

/** The face of `subject` that `setup` names. @throws Cannot where it lacks that, or one of `needs`. */
export function faceOf(subject, { setup, needs = [], ...options }) {
  for (const need of needs) if (need in subject.cannot) throw new Cannot(subject.cannot[need]);
  if (subject[setup] === undefined) throw new Cannot(reasonFor(subject, setup));
  return subject[setup](options);
}
