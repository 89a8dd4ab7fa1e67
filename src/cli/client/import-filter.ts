/** Which imports a command lists. */
export interface FilterFlags {
  readonly status?: string
  readonly externalRef?: string
  readonly filter?: string
}

/** The filter of the API (contract 5); undefined: none. */
export function filterOf({ status, externalRef, filter }: FilterFlags): string | undefined {
  const operand = (text: string) => `"${text.replaceAll(/["\\]/g, '\\$&')}"`
  const isPattern = externalRef !== undefined && /^\*|\*$/.test(externalRef)
  const conditions = [
    ...(status === undefined ? [] : [`in(status,${status.split(',').map(operand).join(',')})`]),
    ...(externalRef === undefined
      ? []
      : [`${isPattern ? 'like' : 'eq'}(external_ref,${operand(externalRef)})`]),
    ...(filter === undefined ? [] : [filter]),
  ]
  return conditions.length === 0 ? undefined : conditions.join(':')
}
