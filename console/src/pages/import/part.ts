import type { Features } from '../../api/document'
import type { Import } from '../../api/imports'
import type { ListedType } from '../../api/record-types'

/** What a part of an import's page is given. */
export interface PartProps {
  readonly one: Import
  readonly features: Features
  readonly types: readonly ListedType[]
}
