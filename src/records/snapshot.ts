import type { CopyColumn } from '../db/copy/copy.js'

/** What a reference leads to. */
export interface Source {
  readonly id: string
  readonly owner_id: string
}

/** The columns of every snapshot; the first four are usually the same in all that are written at once. */
export const SNAPSHOT_COLUMNS: readonly CopyColumn[] = [
  { name: 'owner_id', type: 'uuid' },
  { name: 'source_id', type: 'uuid' },
  { name: 'created_at', type: 'timestamptz' },
  { name: 'updated_at', type: 'timestamptz' },
  { name: 'holder_id', type: 'uuid' },
  { name: 'id', type: 'uuid' },
]
