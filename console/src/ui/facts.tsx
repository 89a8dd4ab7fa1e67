import type { ReactNode } from 'react'
import type { Attribute } from '../api/attributes'
import type { Resource } from '../api/record'
import { titleOf } from '../format'
import { ExactTime } from './time'
import { Value } from './value'

/** Names and what they stand for, one below the other. */
export const Facts = ({ children }: { readonly children: ReactNode }) => <dl className="facts">{children}</dl>

interface FactProps {
  readonly name: string
  /** On hover. */
  readonly description?: string | undefined
  readonly children: ReactNode
}

export const Fact = ({ name, description, children }: FactProps) => (
  <div>
    <dt title={description}>{name}</dt>
    <dd>{children}</dd>
  </div>
)

interface AttributeFactProps {
  readonly attribute: Attribute
  readonly record: Resource
}

/** An attribute of a record. */
export function AttributeFact({ attribute, record }: AttributeFactProps) {
  const value = attribute.of(record)
  return (
    <Fact name={titleOf(attribute)} description={attribute.schema.description}>
      {attribute.schema['x-kind'] === 'time' && typeof value === 'string' ? (
        <ExactTime time={value} />
      ) : (
        <Value attribute={attribute} record={record} />
      )}
    </Fact>
  )
}
