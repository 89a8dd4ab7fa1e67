import { owner, timestamp, timestamps, uuid } from '../../../http/operation/schemas.js'
import { oneOf, titled } from '../../../records/attribute-kinds.js'
import type { StoredState } from '../../../records/read/states.js'
import type { States } from '../../../records/record-type.js'
import { Type } from '../../../schema/type.js'
import { type Caller, ownerKind } from '../../../tenants/owners.js'
import type { RecordDependencies } from '../dependencies.js'
import { typeOf } from '../typed.js'

/** The dependencies of the routes of a record's states. */
export interface StateDependencies extends RecordDependencies {
  readonly states: States
}

export const actionsOf = ({ actions }: States) => oneOf(Object.keys(actions), 'What is done.')

/** A state as it is sent (contract 14). */
export const stateSchema = (states: States) =>
  Type.Object(
    {
      id: uuid('The id.'),
      type: typeOf(states),
      attributes: Type.Object({
        action: actionsOf(states),
        created_at: titled('Done at', timestamp('When it was done.')),
        updated_at: timestamp('The same.'),
      }),
      meta: Type.Object({ owner, timestamps }),
    },
    { title: 'Action', description: 'Something that was done to the record.' },
  )

export function stateResource({ type }: States, caller: Caller, ownerId: string, state: StoredState) {
  const { id, action, created_at } = state
  const times = { created_at, updated_at: created_at }
  return {
    id,
    type,
    attributes: { action, ...times },
    meta: { owner: ownerKind(caller, ownerId), timestamps: times },
  }
}
