/** The part of a resource that copies within other records have as well. */
export interface Resource {
  readonly id: string
  readonly type: string
  readonly attributes: Readonly<Record<string, unknown>>
  readonly meta?: Readonly<Record<string, unknown>>
}

export interface StoredRecord extends Resource {
  readonly meta: Readonly<Record<string, unknown>>
}
