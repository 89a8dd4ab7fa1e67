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
  readonly hasRejected: boolean
  readonly hasResults: boolean
  readonly hasErrorKinds: boolean
}

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
  return {
    canRehearse: Object.hasOwn(form, 'dry_run'),
    conflictPolicies: ON_CONFLICT.filter((policy) => form.on_conflict?.enum?.includes(policy)),
    canCancel: has('/{id}/cancel'),
    canRetry: has('/{id}/retry'),
    hasRejected: has('/{id}/rejected'),
    hasResults: has('/{id}/results'),
    hasErrorKinds: has('/{id}/errors/kinds'),
  }
}
