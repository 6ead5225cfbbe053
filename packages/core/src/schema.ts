import type { Awaitable } from "./entry.js";

/**
 * A validator of the Standard Schema interface, version 1 (standardschema.dev): zod, valibot, arktype and others.
 * It must accept its own output, since what it let through is validated again when a remote store gives it back.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => Awaitable<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** What a validator answers. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: ReadonlyArray<SchemaIssue> };

/** One thing that is wrong with a value. */
export interface SchemaIssue {
  readonly message: string;
  readonly path?: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined;
}

/** The issues as one line: `price: must be a number; name: is required`. */
export function describeIssues(issues: readonly SchemaIssue[]): string {
  return issues.length === 0 ? "it gives no reason" : issues.map(describeIssue).join("; ");
}

function describeIssue(issue: SchemaIssue): string {
  // Whoever writes a validator by hand may give the text alone.
  if (typeof issue !== "object" || issue === null) return String(issue);
  const { message, path = [] } = issue;
  if (path.length === 0) return message;
  return `${path.map((part) => String(typeof part === "object" ? part.key : part)).join(".")}: ${message}`;
}
