import type { KindName } from '../../../src/records/attribute-kinds'

/** The part of OpenAPI and JSON Schema that the service's document uses, and our additions to it. */

export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

export interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly schema: Schema }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: Schema }>> }>
  >
}

export interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly format?: string
  /** The kind of value, for attributes of records. */
  readonly 'x-kind'?: KindName
  /** Of a status: the booleans beside it that say why it is what it is. */
  readonly 'x-explained-by'?: readonly string[]
  /** Of a list's `filter`: what it can be filtered by, and which values there are if there are few. */
  readonly 'x-filters'?: Readonly<
    Record<string, { readonly operators: readonly string[]; readonly values?: readonly string[] }>
  >
  /** The name for people. */
  readonly title?: string
  readonly description?: string
  readonly enum?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema | boolean
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  /** The forms of a `variant`. */
  readonly oneOf?: readonly Schema[]
  /** Stored, and never answered. */
  readonly writeOnly?: boolean
  readonly discriminator?: { readonly propertyName: string }
}

/** What an operation answers when it succeeds. */
export const answerOf = (operation: Operation | undefined): Schema | undefined =>
  operation?.responses['200']?.content?.['application/json']?.schema

/** A schema, or else the one that it refers to. */
export function resolved({ components }: OpenApi, schema: Schema | undefined): Schema | undefined {
  const name = schema?.$ref?.slice('#/components/schemas/'.length)
  return name === undefined ? schema : components.schemas[name]
}

/** The type of the resources that have this schema. */
export const typeIn = ({ properties }: Schema): string => properties?.type?.enum?.[0] ?? ''

/** An object whose contents the document does not describe. */
export const isOpen = ({ type, properties, additionalProperties }: Schema): boolean =>
  type === 'object' && additionalProperties === true && Object.keys(properties ?? {}).length === 0

/** Whether a value is a copy of another record: `{"id", "type", "attributes"}`. */
export const isCopy = ({ properties = {} }: Schema): boolean =>
  ['id', 'type', 'attributes'].every((name) => Object.hasOwn(properties, name))
