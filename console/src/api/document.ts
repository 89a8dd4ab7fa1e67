import { useQuery } from '@tanstack/react-query'
import { ON_CONFLICT, type OnConflict } from '../../../src/imports/terms'
import { type ListedType, recordTypesOf } from './record-types'
import { requestJson, urlOf } from './request'
import type { OpenApi } from './schema'

/**
 * The service's description of itself, from which the console learns the record types and what it can offer.
 */

/** What this service can do, beyond importing and listing. */
export interface Features {
  readonly canRehearse: boolean
  readonly conflictPolicies: readonly OnConflict[]
  readonly canCancel: boolean
  readonly canRetry: boolean
  readonly canLimitErrors: boolean
  readonly canRun: boolean
  readonly canUndo: boolean
  readonly canFix: boolean
  readonly hasRejected: boolean
  readonly hasResults: boolean
  readonly hasErrorKinds: boolean
  readonly hasErrorTable: boolean
  readonly hasWarnings: boolean
  readonly hasChanges: boolean
  /** What errors can be filtered by, and the values of what has few. */
  readonly errorFilters: Readonly<Record<string, { readonly values?: readonly string[] }>>
}

/** What is left for an import that is somebody else's: to look at it. */
export const forReading = (features: Features): Features => ({
  ...features,
  canCancel: false,
  canRetry: false,
  canRun: false,
  canUndo: false,
  canFix: false,
  hasRejected: false,
})

export interface Service {
  readonly recordTypes: readonly ListedType[]
  readonly features: Features
}

async function describe(): Promise<Service> {
  const document = await requestJson<OpenApi>('/openapi.json')
  return { recordTypes: recordTypesOf(document), features: featuresOf(document) }
}

/** The service's description, fetched once. */
export const useService = () =>
  useQuery({ queryKey: ['service'], queryFn: describe, staleTime: Number.POSITIVE_INFINITY })

function featuresOf({ paths }: OpenApi): Features {
  const has = (path: string) => Object.hasOwn(paths, urlOf(`/imports${path}`))
  const form =
    paths[urlOf('/imports')]?.post?.requestBody?.content['multipart/form-data']?.schema.properties ?? {}
  const errors = paths[urlOf('/imports/{id}/errors')]?.get
  const filter = errors?.parameters?.find(({ name }) => name === 'filter')
  return {
    canRehearse: Object.hasOwn(form, 'dry_run'),
    conflictPolicies: ON_CONFLICT.filter((policy) => form.on_conflict?.enum?.includes(policy)),
    canCancel: has('/{id}/cancel'),
    canRetry: has('/{id}/retry'),
    canLimitErrors: Object.hasOwn(form, 'max_errors'),
    canRun: has('/{id}/run'),
    canUndo: has('/{id}/undo'),
    canFix: Object.hasOwn(form, 'fixes'),
    hasRejected: has('/{id}/rejected'),
    hasResults: has('/{id}/results'),
    hasErrorKinds: has('/{id}/errors/kinds'),
    hasErrorTable: Object.hasOwn(errors?.responses['200']?.content ?? {}, 'text/csv'),
    hasWarnings: has('/{id}/warnings'),
    hasChanges: has('/{id}/changes'),
    errorFilters: filter?.schema['x-filters'] ?? {},
  }
}
