import { validate as isUuid } from 'uuid'
import type { Pool } from '../../db/pool.js'
import { findOwner, type OwnerKind } from '../../tenants/stores-and-organizations.js'
import { CommandError } from '../terminal/fail.js'
import { PROGRAM } from '../terminal/program.js'
import { printable } from '../terminal/terminal.js'

const LONGEST = 100

/**
 * A name for something new, which a person can type and read, and which is not an id.
 *
 * @throws CommandError
 */
export function newName(name: string): string {
  const sayable = name === name.trim() && name !== '' && printable(name) === name
  if (!sayable || name.length > LONGEST) {
    throw new CommandError(
      `A name has 1 to ${LONGEST} characters, no control characters, and no space at either end.`,
    )
  }
  if (isUuid(name)) throw new CommandError('A name must not look like an id.')
  return name
}

/** The store or organization of this id or name. @throws CommandError */
export async function existing(pool: Pool, kind: OwnerKind, idOrName: string) {
  const found = await findOwner(pool, kind, idOrName)
  if (!found) {
    throw new CommandError(
      `There is no ${kind} "${printable(idOrName)}". "${PROGRAM} ${kind}s list" shows all of them.`,
    )
  }
  return found
}
