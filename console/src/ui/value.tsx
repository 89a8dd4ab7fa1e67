import { Anchor } from '@mantine/core'
import type { ReactNode } from 'react'
import type { Attribute, Schema } from '../api/document'
import { decimal, label, money, visible } from '../format'
import { RelativeTime } from './time'

interface ValueProps {
  readonly attribute: Attribute
  readonly value: unknown
}

/** An attribute's value as its schema says that it is meant. */
export function Value({ attribute: { schema }, value }: ValueProps): ReactNode {
  if (value === undefined || value === null) return <span className="quiet">–</span>
  if (isPriceMap(schema)) return <Prices prices={value as PriceMap} />
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'number') return decimal(value)
  if (typeof value !== 'string') return <PlainObject value={value} />
  if (schema.format === 'date-time') return <RelativeTime time={value} />
  if (schema.format === 'uuid') return <code className="break">{value}</code>
  if (schema.format === 'uri' && /^https?:/i.test(value)) {
    return (
      <Anchor href={value} target="_blank" rel="noreferrer noopener" className="break" inherit>
        {visible(value)}
      </Anchor>
    )
  }
  return <span className="break short text">{value === '' ? '(empty)' : visible(value)}</span>
}

type PriceMap = Readonly<Record<string, { readonly amount: number; readonly includes_tax?: boolean }>>

/** Currency → amount, as every price is. */
export const isPriceMap = ({ additionalProperties }: Schema): boolean =>
  typeof additionalProperties === 'object' && additionalProperties.properties?.amount !== undefined

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

const PlainObject = ({ value }: { readonly value: unknown }) => (
  <>
    {Object.entries(value as object)
      .map(
        ([name, inner]) =>
          `${label(name).toLowerCase()} ${typeof inner === 'number' ? decimal(inner) : inner}`,
      )
      .join(', ')}
  </>
)
