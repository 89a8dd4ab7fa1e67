import type { Reference } from '../../../records/record-type.js'
import type { RecordDependencies } from '../dependencies.js'

/** The dependencies of the routes of one of a record type's lists of references. */
export interface SnapshotDependencies extends RecordDependencies {
  readonly reference: Reference
}

/** The path of a list of references: `/offerings/:id/products`. */
export const pathOf = ({ recordType, reference }: SnapshotDependencies): string =>
  `/${recordType.table}/:id/${reference.attribute}`

/** The name of the path parameter for one of them: `product_id`. */
export const idNameOf = ({ reference }: SnapshotDependencies): string => `${reference.to.noun}_id`
