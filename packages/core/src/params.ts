/** What `params` may hold: plain data, dates and bigints, nested. */
export type Params =
  | string
  | number
  | boolean
  | bigint
  | Date
  | null
  | undefined
  | readonly Params[]
  | { readonly [name: string]: Params };
