import { Anchor } from '@mantine/core'
import type { ReactNode } from 'react'
import type { KindName } from '../../../src/records/attribute-kinds'
import type { Attribute } from '../api/attributes'
import type { Resource } from '../api/record'
import { decimal, label, money, named, phrase, visible } from '../format'
import { RecordStatus } from './record-status'
import { Day } from './time'

interface ValueProps {
  readonly attribute: Attribute
  readonly record: Resource
}

/** The value of an attribute in a record, shown according to its kind. */
export function Value({ attribute, record }: ValueProps): ReactNode {
  const value = attribute.of(record)
  if (value === undefined || value === null) return <span className="quiet">–</span>
  if (attribute.schema['x-explained-by'])
    return <RecordStatus status={String(value)} reasons={attribute.reasonsOf(record)} />
  const kind = attribute.schema['x-kind']
  return kind === undefined || Array.isArray(value) ? <Plain value={value} /> : cells[kind](value)
}

type PriceMap = Readonly<Record<string, { readonly amount: number; readonly includes_tax?: boolean }>>

const plain = (value: unknown): ReactNode => <Plain value={value} />

/** How a value of each kind of attribute is shown. */
const cells: Readonly<Record<KindName, (value: unknown) => ReactNode>> = {
  text: plain,
  email: (value) => <Email value={String(value)} />,
  uri: (value) => <Uri value={String(value)} />,
  uuid: (value) => <code className="break">{String(value)}</code>,
  time: (value) => <Day time={String(value)} />,
  choice: plain,
  integer: plain,
  number: plain,
  boolean: plain,
  priceMap: (value) => <Prices prices={value as PriceMap} />,
  group: plain,
  variant: (value) => <Variant value={value as VariantValue} />,
}

/** A value as it is: an object's properties, and a list's elements, one after the other. */
function Plain({ value }: { readonly value: unknown }): ReactNode {
  if (typeof value === 'object' && value !== null)
    return <span className="break short">{spelledOut(value)}</span>
  if (typeof value === 'string')
    return <span className="break short text">{value === '' ? '(empty)' : visible(value)}</span>
  return spelledOut(value)
}

function spelledOut(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'number') return decimal(value)
  if (Array.isArray(value)) {
    const areTexts = value.every((item) => typeof item === 'string')
    return value
      .map((item) => (areTexts ? visible(item) : `(${spelledOut(item)})`))
      .join(areTexts ? ', ' : ' ')
  }
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .map(([name, inner]) => `${phrase(name)} ${spelledOut(inner)}`)
      .join(', ')
  }
  return visible(String(value))
}

/** In a narrow column it is broken after the @ first. */
function Email({ value }: { readonly value: string }): ReactNode {
  const at = value.lastIndexOf('@') + 1
  return (
    <span className="break short">
      {named(value.slice(0, at))}
      <wbr />
      {named(value.slice(at))}
    </span>
  )
}

type VariantValue = Readonly<Record<string, unknown>>

/** An object of one of several forms: its properties, and the elements of its lists, each on a line. */
function Variant({ value: { type, ...properties } }: { readonly value: VariantValue }) {
  const lines = Object.entries(properties).flatMap(([name, inner]) =>
    Array.isArray(inner)
      ? inner.map((element) => `${label(name).replace(/s$/, '')}: ${spelledOut(element)}`)
      : [`${label(name)}: ${spelledOut(inner)}`],
  )
  return <span className="break text">{[visible(String(type)), ...lines].join('\n')}</span>
}

function Uri({ value }: { readonly value: string }): ReactNode {
  if (!/^https?:/i.test(value)) return <Plain value={value} />
  return (
    <Anchor href={value} target="_blank" rel="noreferrer noopener" className="break" inherit>
      {visible(value)}
    </Anchor>
  )
}

function Prices({ prices }: { readonly prices: PriceMap }) {
  return (
    <span className="prices">
      {Object.entries(prices).map(([currency, { amount, includes_tax }]) => (
        <span key={currency} className="nowrap">
          {money(amount, currency)}
          {includes_tax !== undefined && (
            <span className="quiet"> {includes_tax ? 'with tax' : 'without tax'}</span>
          )}
        </span>
      ))}
    </span>
  )
}
