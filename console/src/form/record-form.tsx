import { Button, Group } from '@mantine/core'
import { useState } from 'react'
import type { StoredRecord } from '../api/record'
import type { Given } from '../api/record-types'
import { type Problem, Refused } from '../api/request'
import { ButtonLink } from '../ui/link'
import { Failure } from '../ui/states'
import { useAction } from '../ui/use-action'
import { type DraftObject, fieldKind } from './draft'
import { Field } from './field'

interface RecordFormProps {
  readonly fields: readonly Given[]
  readonly start: DraftObject
  /** On the button. */
  readonly action: string
  /** Where to go instead. */
  readonly back: string
  /** @throws Refused with what is wrong */
  save(draft: DraftObject): Promise<StoredRecord>
  onSaved(record: StoredRecord): void
}

/** The attributes of a record, to be typed in. What is wrong with them, the service says. */
export function RecordForm({ fields, start, action, back, save, onSaved }: RecordFormProps) {
  const [draft, setDraft] = useState(start)
  const saving = useAction({ mutationFn: () => save(draft), onSuccess: onSaved })
  const names = new Set(fields.map(({ name }) => name))
  const { byField, others } = sorted(saving.error, names)
  return (
    <form
      className="narrow form-fields"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        // Until the record is shown, the button can still be pressed.
        if (!saving.isSuccess) saving.mutate()
      }}
    >
      {fields
        .filter(({ schema }) => fieldKind(schema) !== undefined)
        .map(({ name, schema, isRequired }) => (
          <Field
            key={name}
            name={name}
            schema={schema}
            isRequired={isRequired}
            draft={draft[name]}
            error={byField.get(name)}
            onChange={(changed) => setDraft((before) => ({ ...before, [name]: changed }))}
          />
        ))}
      {others && <Failure error={others} />}
      <Group justify="flex-end">
        <ButtonLink variant="default" href={back}>
          Back
        </ButtonLink>
        <Button type="submit" loading={saving.isPending}>
          {action}
        </Button>
      </Group>
    </form>
  )
}

/** `data.attributes.price.EUR.amount: price.EUR.amount must be …` */
const DETAIL = /^data\.(?:attributes\.)?(\w+)[^:]*: (.+)$/s

/** The problems by the attribute that they are about, and what is left. */
function sorted(error: Error | null, names: ReadonlySet<string>) {
  const byField = new Map<string, string>()
  if (!error) return { byField, others: undefined }
  if (!(error instanceof Refused)) return { byField, others: error }
  const rest: Problem[] = []
  for (const problem of error.problems) {
    const [, name = '', sentence = ''] = DETAIL.exec(problem.detail ?? '') ?? []
    if (names.has(name)) byField.set(name, [byField.get(name), sentence].filter(Boolean).join('; '))
    else rest.push(problem)
  }
  return { byField, others: rest.length > 0 ? new Refused(error.status, rest) : undefined }
}
