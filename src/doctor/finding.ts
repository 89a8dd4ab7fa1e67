/** What one check found. The texts are whole sentences for the person who runs the service. */
export interface Finding {
  readonly check: string
  readonly status: 'ok' | 'warning' | 'problem'
  readonly found: string
  /** What to do; absent if there is nothing to do. */
  readonly remedy?: string
}

export const ok = (check: string, found: string): Finding => ({ check, status: 'ok', found })

export const warning = (check: string, found: string, remedy: string): Finding => ({
  check,
  status: 'warning',
  found,
  remedy,
})

export const problem = (check: string, found: string, remedy: string): Finding => ({
  check,
  status: 'problem',
  found,
  remedy,
})

/** The first few of many: `a, b, c and 7 more`. */
export function some(names: readonly string[], most = 3): string {
  const rest = names.length - most
  return rest > 0 ? `${names.slice(0, most).join(', ')} and ${rest} more` : names.join(', ')
}
