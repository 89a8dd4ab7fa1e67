import { type Command, Option } from 'commander'
import type { Pool } from '../../db/pool.js'
import type { CommonFlags } from './administer.js'
import { existing } from './names.js'

export interface OwnerFlags extends CommonFlags {
  readonly store?: string
  readonly organization?: string
}

/** Adds the options that name one store or one organization. */
export const withOwner = (command: Command): Command =>
  command
    .addOption(new Option('--store <id>', 'of this store, by id or name').conflicts('organization'))
    .option('--organization <id>', 'of this organization, by id or name')

/** The store or organization that the flags name; undefined: they name none. @throws CommandError */
export async function ownerOf(pool: Pool, { store, organization }: OwnerFlags) {
  if (store !== undefined) return { kind: 'store', ...(await existing(pool, 'store', store)) }
  if (organization === undefined) return undefined
  return { kind: 'organization', ...(await existing(pool, 'organization', organization)) }
}
