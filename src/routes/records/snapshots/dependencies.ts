import type { Reference } from '../../../records/record-type.js'
import type { RecordDependencies } from '../dependencies.js'

/** What the routes of one of a record type's lists of references work with. */
export interface SnapshotDependencies extends RecordDependencies {
  readonly reference: Reference
}

/** Where the lists of a record type's references are: `/offerings/:id/products`. */
export const pathOf = ({ recordType, reference }: SnapshotDependencies): string =>
  `/${recordType.table}/:id/${reference.attribute}`

/** The name of the path's parameter that names one of them: `product_id`. */
export const idNameOf = ({ reference }: SnapshotDependencies): string => `${reference.to.noun}_id`
