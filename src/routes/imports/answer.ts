import { dataOf, named } from '../../http/operation/schemas.js'
import type { Import } from '../../imports/import.js'
import { importResource } from '../../imports/resource/resource.js'
import { type Caller, ownerKind } from '../../tenants/owners.js'

/** The documented response of the routes that return one import. */
export const importAnswers = {
  200: { description: 'The import.', schema: dataOf(named('Import')) },
}

/** The Import resource as the caller sees it. */
export const importAnswer = (caller: Caller, one: Import) =>
  importResource(ownerKind(caller, one.ownerId), one)
