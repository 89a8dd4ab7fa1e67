import { Button, Fieldset, NativeSelect, Textarea, TextInput } from '@mantine/core'
import type { Schema } from '../api/schema'
import { label } from '../format'
import { fieldKind, formOf, listOf, memberOf, textOf } from './draft'
import { FieldGroup, type FieldProps, partsOf } from './parts'
import { PricesField } from './prices-field'

/** A field for a value of any kind that records have. */
export function Field(props: FieldProps) {
  switch (fieldKind(props.schema)) {
    case 'boolean':
      return <Choice {...props} options={{ true: 'Yes', false: 'No' }} />
    case 'choice':
      return <Choice {...props} options={optionsOf(props.schema.enum ?? [])} />
    case 'prices':
      return <PricesField {...props} />
    case 'group':
      return <Members {...props} of={props.schema} />
    case 'variant':
      return <Variant {...props} />
    case 'list':
      return <List {...props} />
    case 'references':
      return <Text {...props} isLong hint="One ID or external reference on each line." />
    default:
      return <Text {...props} isLong={props.name === 'description'} />
  }
}

const optionsOf = (values: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(values.map((value) => [value, label(value)]))

function Text({ isLong, hint, ...props }: FieldProps & { readonly isLong: boolean; readonly hint?: string }) {
  const { schema, draft, onChange } = props
  const kind = schema['x-kind']
  const more = kind === 'time' ? 'In this form: 2026-01-31T12:00:00Z.' : hint
  const common = { ...partsOf(props, more), value: textOf(draft) }
  if (isLong) {
    return (
      <Textarea
        {...common}
        autosize
        minRows={2}
        maxRows={12}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    )
  }
  return (
    <TextInput
      {...common}
      {...(fieldKind(schema) === 'number' && { inputMode: 'decimal' as const })}
      {...(kind === 'email' && { inputMode: 'email' as const })}
      autoComplete="off"
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  )
}

function Choice({ options, ...props }: FieldProps & { readonly options: Readonly<Record<string, string>> }) {
  return (
    <NativeSelect
      {...partsOf(props)}
      value={textOf(props.draft)}
      data={[
        { value: '', label: '–' },
        ...Object.entries(options).map(([value, text]) => ({ value, label: text })),
      ]}
      onChange={(event) => props.onChange(event.currentTarget.value)}
    />
  )
}

/** The members of an object. */
function Members({ of, ...props }: FieldProps & { readonly of: Schema }) {
  return (
    <FieldGroup {...props}>
      <MemberFields {...props} of={of} />
    </FieldGroup>
  )
}

function MemberFields({
  of: { properties = {}, required = [] },
  draft,
  onChange,
}: Pick<FieldProps, 'draft' | 'onChange'> & { readonly of: Schema }) {
  const members = typeof draft === 'object' && !Array.isArray(draft) ? draft : {}
  return Object.entries(properties)
    .filter(([name]) => name !== 'type')
    .map(([name, schema]) => (
      <Field
        key={name}
        name={name}
        schema={schema}
        isRequired={required.includes(name)}
        draft={memberOf(draft, name)}
        onChange={(changed) => onChange({ ...members, [name]: changed })}
      />
    ))
}

/** An object of one of several forms: which one, and its members. */
function Variant(props: FieldProps) {
  const { schema, draft, onChange } = props
  const form = formOf(schema, draft)
  const kinds = (schema.oneOf ?? []).flatMap(({ properties }) => properties?.type?.enum ?? [])
  return (
    <FieldGroup {...props}>
      <Choice
        name="type"
        schema={{ title: 'Kind' }}
        isRequired
        draft={memberOf(draft, 'type')}
        options={optionsOf(kinds)}
        onChange={(type) => onChange({ type })}
      />
      {form && <MemberFields of={form} draft={draft} onChange={onChange} />}
    </FieldGroup>
  )
}

/** A list of objects: the promotions of a feature. */
function List(props: FieldProps) {
  const { name, schema, draft, onChange } = props
  const items = listOf(draft)
  const one = name.replace(/s$/, '')
  return (
    <FieldGroup {...props}>
      {items.map((item, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: what is typed has nothing else that tells it apart
        <Fieldset key={index} legend={`${label(one)} ${index + 1}`} className="form-fields">
          <MemberFields
            of={schema.items ?? {}}
            draft={item}
            onChange={(changed) => onChange(items.with(index, changed))}
          />
          <Button
            size="xs"
            variant="default"
            className="form-button"
            onClick={() => onChange(items.toSpliced(index, 1))}
          >
            Remove {one} {index + 1}
          </Button>
        </Fieldset>
      ))}
      <Button size="xs" variant="default" className="form-button" onClick={() => onChange([...items, {}])}>
        Add a {one}
      </Button>
    </FieldGroup>
  )
}
