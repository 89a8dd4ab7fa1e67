/**
 * An array of UUIDs, or parts of them, as PostgreSQL reads it. `pg` would look for something to escape in each.
 *
 * @param ids of hexadecimal digits and dashes only
 */
export const uuidArray = (ids: readonly string[]): string => `{${ids.join(',')}}`
