import { Fieldset, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import type { Schema } from '../api/schema'
import { titleOf } from '../format'
import type { Draft } from './draft'

export interface FieldProps {
  readonly name: string
  readonly schema: Schema
  readonly isRequired: boolean
  readonly draft: Draft | undefined
  /** What the service says is wrong with it. */
  readonly error?: string | undefined
  onChange(draft: Draft): void
}

/** What all fields show. A description is written for those who read Markdown. */
export const partsOf = ({ name, schema, isRequired, error }: FieldProps, hint = '') => ({
  label: `${titleOf({ name, schema })}${isRequired ? '' : ' (optional)'}`,
  description: `${(schema.description ?? '').replaceAll('`', '')} ${hint}`.trim() || undefined,
  error,
})

/** Several fields that make one value. */
export function FieldGroup({ children, ...props }: FieldProps & { readonly children: ReactNode }) {
  const { label, description, error } = partsOf(props)
  return (
    <Fieldset legend={label} className="form-fields">
      {description !== undefined && (
        <Text size="sm" className="quiet">
          {description}
        </Text>
      )}
      {error !== undefined && (
        <Text size="sm" className="problem" role="alert">
          {error}
        </Text>
      )}
      {children}
    </Fieldset>
  )
}
