import { type Attribute, attributesIn } from './attributes'
import type { Resource } from './record'
import { urlOf } from './request'
import { answerOf, isCopy, type OpenApi, type Operation, resolved, type Schema, typeIn } from './schema'

/** A record type, or the type of what a record holds. */
export interface RecordType {
  /** On the wire: `subscription_product`. */
  readonly type: string
  /** In a sentence: `product`. */
  readonly noun: string
  readonly attributes: readonly Attribute[]
  /** The attributes that are copies of other records: a subscription's offering. */
  readonly copies: readonly Copy[]
  /** What its `meta` says besides owner, creation and last change: the `price` of an offering's plan. */
  readonly facts: readonly Attribute[]
}

/** A copy of another record within a record. */
export interface Copy {
  readonly name: string
  readonly type: RecordType
  of(record: Resource): Resource
}

/** A list that belongs to a record. */
export interface SubList {
  /** Its name, which its path ends with: `plans`. */
  readonly list: string
  readonly type: RecordType
}

/** A record type with its own list. */
export interface ListedType extends RecordType {
  /** The list's name, which its path ends with: `products`. */
  readonly list: string
  /** The attributes that a part of is searched for; the name comes first. */
  readonly searchable: readonly string[]
  /** What else its list can be filtered by, with the values that there are. */
  readonly choices: readonly { readonly name: string; readonly values: readonly string[] }[]
  /** What a record of it holds: an offering's products and plans. */
  readonly holds: readonly SubList[]
  /** What else there is to read of a record: a subscription's states. */
  readonly logs: readonly SubList[]
  /** What a new record is given; undefined: none can be created alone. */
  readonly creation: Creation | undefined
  /** What can be changed of a record. */
  readonly changes: readonly Given[]
}

/** A value that a request gives. */
export interface Given {
  readonly name: string
  readonly schema: Schema
  readonly isRequired: boolean
}

export interface Creation {
  /** After the list's own path: `/build`, or nothing. */
  readonly path: string
  /** Whether the attributes are in `data` itself. */
  readonly isFlat: boolean
  readonly given: readonly Given[]
}

/** The types that a line of a file can have, in the document's order. */
export function recordTypesOf(document: OpenApi): ListedType[] {
  const types = (document.components.schemas.ImportLine?.anyOf ?? []).flatMap(
    ({ properties }) => properties?.data?.properties?.type?.enum ?? [],
  )
  return types.flatMap((type) => listedType(document, type) ?? [])
}

function listedType(document: OpenApi, type: string): ListedType | undefined {
  const { paths } = document
  const prefix = urlOf('/')
  for (const [path, { get }] of Object.entries(paths)) {
    const list = path.slice(prefix.length)
    const schema = resolved(document, answerOf(get)?.properties?.data?.items)
    if (!path.startsWith(prefix) || list.includes('/') || !schema || typeIn(schema) !== type) continue
    const lists = subLists(document, path)
    const held = Object.keys(schema.properties?.relationships?.properties ?? {})
    const filters = Object.entries(
      get?.parameters?.find(({ name }) => name === 'filter')?.schema['x-filters'] ?? {},
    )
    const searchable = filters.flatMap(([name, { operators }]) => (operators.includes('like') ? name : []))
    return {
      ...recordType(schema),
      list,
      searchable: searchable.toSorted((a, b) => Number(b === 'name') - Number(a === 'name')),
      choices: filters.flatMap(([name, { values }]) => (values ? { name, values } : [])),
      holds: lists.filter((one) => held.includes(one.list)),
      logs: lists.filter((one) => !held.includes(one.list)),
      creation: creationIn(document, path),
      changes: changesIn(document, path),
    }
  }
  return undefined
}

const bodyOf = (operation: Operation | undefined): Schema | undefined =>
  operation?.requestBody?.content['application/json']?.schema.properties?.data

/** A record that refers to others is built with them, where there is a route for that. */
function creationIn(document: OpenApi, path: string): Creation | undefined {
  const { paths } = document
  const [isBuilt, post] = [paths[`${path}/build`]?.post, paths[path]?.post]
  const body = bodyOf(isBuilt ?? post)
  const nested = [body, ...(body?.anyOf ?? [])].find((form) => form?.properties?.attributes)
  const given = resolved(document, nested ? nested.properties?.attributes : body)
  if (!given) return undefined
  const { type: _, ...properties } = given.properties ?? {}
  const { required = [] } = given
  return {
    path: isBuilt ? '/build' : '',
    isFlat: nested === undefined,
    given: Object.entries(properties).map(([name, schema]) => ({
      name,
      schema: resolved(document, schema) ?? schema,
      isRequired: required.includes(name),
    })),
  }
}

/** What may be null can be cleared, and is optional. */
const changesIn = (document: OpenApi, path: string): Given[] =>
  Object.entries(
    resolved(document, bodyOf(document.paths[`${path}/{id}`]?.put)?.properties?.attributes)?.properties ?? {},
  ).map(([name, schema]) => {
    const value = schema.anyOf?.find(({ type }) => type !== 'null')
    return { name, schema: value ?? schema, isRequired: value === undefined }
  })

/** The lists whose paths go on from a record's: `/subscriptions/{id}/states`. */
function subLists(document: OpenApi, path: string): SubList[] {
  const prefix = `${path}/{id}/`
  return Object.entries(document.paths).flatMap(([below, { get }]) => {
    const list = below.slice(prefix.length)
    if (!below.startsWith(prefix) || list.includes('/')) return []
    const schema = resolved(document, answerOf(get)?.properties?.data?.items)
    return schema ? { list, type: recordType(schema) } : []
  })
}

function recordType(schema: Schema): RecordType {
  const { title, properties = {} } = schema
  const type = typeIn(schema)
  const all = attributesIn(properties.attributes, ({ attributes }) => attributes)
  return {
    type,
    noun: title?.toLowerCase() ?? nounOf(type),
    attributes: all.filter((one) => !isCopy(one.schema)),
    copies: all.filter((one) => isCopy(one.schema)).map(copyIn),
    facts: factsIn(properties.meta),
  }
}

const copyIn = ({ name, schema, of }: Attribute): Copy => ({
  name,
  type: recordType(schema),
  of: (record) => of(record) as Resource,
})

/** What `meta` says that every record's does not; the reasons of a status are told with it. */
function factsIn(meta: Schema = {}): Attribute[] {
  const { timestamps, ...properties } = meta.properties ?? {}
  const reasons = Object.values(properties).flatMap((schema) => schema['x-explained-by'] ?? [])
  const told = new Set(['owner', 'created_at', 'updated_at', ...reasons])
  return [
    ...attributesIn({ ...meta, properties }, ({ meta }) => meta),
    ...attributesIn(timestamps, ({ meta }) => meta?.timestamps),
  ].filter(({ name }) => !told.has(name))
}

/** `subscription_offering_plan` → `offering plan` */
const nounOf = (type: string): string => type.replace(/^subscription_/, '').replaceAll('_', ' ')
