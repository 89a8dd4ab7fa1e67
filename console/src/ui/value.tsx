import { Anchor } from '@mantine/core'
import type { ReactNode } from 'react'
import type { KindName } from '../../../src/records/attribute-kinds'
import type { Attribute } from '../api/document'
import { decimal, label, money, visible } from '../format'
import { RelativeTime } from './time'

interface ValueProps {
  readonly attribute: Attribute
  readonly value: unknown
}

/** An attribute's value, shown according to its kind. */
export function Value({ attribute: { schema }, value }: ValueProps): ReactNode {
  if (value === undefined || value === null) return <span className="quiet">–</span>
  const kind = schema['x-kind']
  if (kind !== undefined) return cells[kind](value)
  return typeof value === 'string' && schema.format === 'date-time' ? (
    <RelativeTime time={value} />
  ) : (
    <Plain value={value} />
  )
}

type PriceMap = Readonly<Record<string, { readonly amount: number; readonly includes_tax?: boolean }>>

const plain = (value: unknown): ReactNode => <Plain value={value} />

/** How a value of each kind of attribute is shown. */
const cells: Readonly<Record<KindName, (value: unknown) => ReactNode>> = {
  text: plain,
  email: plain,
  uri: (value) => <Uri value={String(value)} />,
  uuid: (value) => <code className="break">{String(value)}</code>,
  time: (value) => <RelativeTime time={String(value)} />,
  choice: plain,
  integer: plain,
  number: plain,
  boolean: plain,
  priceMap: (value) => <Prices prices={value as PriceMap} />,
  group: plain,
  variant: plain,
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
  if (Array.isArray(value)) return value.map((item) => `(${spelledOut(item)})`).join(' ')
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .map(([name, inner]) => `${label(name).toLowerCase()} ${spelledOut(inner)}`)
      .join(', ')
  }
  return visible(String(value))
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
