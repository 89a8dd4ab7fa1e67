import type { Pool } from '../../db/pool.js'
import { whyNotName } from '../../tenants/names.js'
import { findOwner, type OwnerKind } from '../../tenants/stores-and-organizations.js'
import { CommandError } from '../terminal/fail.js'
import { PROGRAM } from '../terminal/program.js'
import { printable } from '../terminal/terminal.js'

/** @throws CommandError */
export function newName(name: string): string {
  const why = whyNotName(name)
  if (why !== undefined) throw new CommandError(`A name ${why}.`)
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
