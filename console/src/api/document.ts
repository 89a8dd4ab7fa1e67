import { useQuery } from '@tanstack/react-query'
import { ON_CONFLICT, type OnConflict } from '../../../src/imports/terms'
import type { KindName } from '../../../src/records/attribute-kinds'
import { requestJson, urlOf } from './request'

/**
 * The service's description of itself, from which the console learns the record types and what it can offer.
 */

/** The part of JSON Schema that the document uses. */
export interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly format?: string
  /** The kind of value, for attributes of records. */
  readonly 'x-kind'?: KindName
  readonly description?: string
  readonly enum?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema | boolean
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
}

interface Operation {
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: Schema }>> }>
  >
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

export interface Attribute {
  readonly name: string
  readonly schema: Schema
  readonly isRequired: boolean
}

/** A record type, or the type of what a record holds. */
export interface RecordType {
  /** On the wire: `subscription_product`. */
  readonly type: string
  /** In a sentence: `product`. */
  readonly noun: string
  readonly attributes: readonly Attribute[]
  /** What its `meta` has besides owner and times: the `price` of an offering's plan. */
  readonly facts: readonly Attribute[]
}

/** A record type with its own list. */
export interface ListedType extends RecordType {
  /** The list's name, which its path ends with: `products`. */
  readonly list: string
  /** What a record of it holds, by the list's name: an offering's products and plans. */
  readonly holds: readonly { readonly list: string; readonly type: RecordType }[]
}

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

/** The types that a line of a file can have, in the document's order. */
function recordTypesOf(document: OpenApi): ListedType[] {
  const types = (document.components.schemas.ImportLine?.anyOf ?? []).flatMap(
    ({ properties }) => properties?.data?.properties?.type?.enum ?? [],
  )
  return types.flatMap((type) => {
    const found = schemaOf(document, type)
    const list = found && listOf(document, found.name)
    if (!list) return []
    const holds = Object.entries(found.schema.properties?.relationships?.properties ?? {}).flatMap(
      ([name, { properties }]) => {
        const held = schemaOf(document, properties?.data?.items?.properties?.type?.enum?.[0] ?? '')
        return held ? [{ list: name, type: recordType(held.schema) }] : []
      },
    )
    return [{ ...recordType(found.schema), list, holds }]
  })
}

/** The schema of a type's responses. */
function schemaOf({ components }: OpenApi, type: string) {
  const [name, schema] =
    Object.entries(components.schemas).find(
      ([, { properties }]) => properties?.type?.enum?.[0] === type && properties.attributes?.properties,
    ) ?? []
  return name === undefined || !schema ? undefined : { name, schema }
}

/** The path under which resources of a schema are listed: `products`. */
function listOf({ paths }: OpenApi, schemaName: string): string | undefined {
  const prefix = urlOf('/')
  return Object.entries(paths)
    .filter(([path]) => path.startsWith(prefix) && !path.slice(prefix.length).includes('/'))
    .find(([, { get }]) => {
      const answer = get?.responses['200']?.content?.['application/json']?.schema
      return answer?.properties?.data?.items?.$ref === `#/components/schemas/${schemaName}`
    })?.[0]
    .slice(prefix.length)
}

function recordType({ properties = {} }: Schema): RecordType {
  const type = properties.type?.enum?.[0] ?? ''
  return {
    type,
    noun: nounOf(type),
    attributes: attributesOf(properties.attributes),
    facts: attributesOf(properties.meta).filter(({ name }) => name !== 'owner' && name !== 'timestamps'),
  }
}

const attributesOf = ({ properties = {}, required = [] }: Schema = {}): Attribute[] =>
  Object.entries(properties).map(([name, schema]) => ({ name, schema, isRequired: required.includes(name) }))

/** `subscription_offering_plan` → `offering plan` */
export const nounOf = (type: string): string => type.replace(/^subscription_/, '').replaceAll('_', ' ')
