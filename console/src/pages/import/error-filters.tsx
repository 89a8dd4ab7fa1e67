import { CloseButton, type ComboboxItem, Select } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { isUnderWay } from '../../../../src/imports/resource/outcome'
import type { Features } from '../../api/document'
import {
  ERROR_ATTRIBUTES,
  type ErrorAttribute,
  type ErrorFilter,
  listErrorKinds,
  MAX_KINDS,
} from '../../api/imports'
import { capitalized, phrase, visible } from '../../format'
import { useAddress } from '../../ui/address'
import { SearchInput } from '../../ui/search-input'
import type { PartProps } from './part'

/** What the page's address asks for. */
export function useErrorFilter({ errorFilters }: Features) {
  const address = useAddress()
  const given = ERROR_ATTRIBUTES.flatMap((attribute) => {
    const value = address.get(attribute)
    return value !== '' && Object.hasOwn(errorFilters, attribute) ? [[attribute, value] as const] : []
  })
  const filter: ErrorFilter = Object.fromEntries(given)
  const clear = () =>
    address.set({ ...Object.fromEntries(ERROR_ATTRIBUTES.map((name) => [name, ''])), offset: 0 })
  return { filter, clear }
}

/** Fields that choose which errors are listed. */
export function ErrorFilters({ one, features, types }: PartProps) {
  const address = useAddress()
  const { errorFilters } = features
  const canFilter = Object.hasOwn(errorFilters, 'code')
  const kinds = useQuery({
    queryKey: ['error-kinds', one.id, isUnderWay(one)],
    queryFn: () => listErrorKinds(one.id),
    enabled: canFilter,
  }).data
  if (!canFilter) return null
  // Its place is kept, so that nothing moves.
  if (!kinds) return <div className="filters error-filters" />
  // Errors from before they could be filtered have no codes.
  if (kinds.some(({ meta }) => meta.code === undefined)) return null
  const listed = types.filter(({ type }) => (one.meta.records.uploaded[type] ?? 0) > 0)
  const isEvery = kinds.length < MAX_KINDS
  const codes = isEvery ? kinds.map(({ meta }) => meta.code ?? '') : (errorFilters.code?.values ?? [])
  const fields = [...kinds.map(({ meta }) => meta.field), address.get('field')].filter((one) => one !== '')
  const kind = kinds.find(({ id }) => id === address.get('kind'))
  return (
    <>
      <div className="filters error-filters">
        <Choice
          attribute="type"
          label="Type"
          options={listed.map(({ type, list }) => ({ value: type, label: capitalized(list) }))}
        />
        <Choice attribute="field" label="Field" options={options(fields, visible)} />
        <Choice
          attribute="code"
          label="Problem"
          options={options(codes, (code) => capitalized(phrase(code)))}
        />
        <SearchInput
          label="Line number"
          value={address.get('line_number')}
          onChange={(value) =>
            address.set({ line_number: value.replaceAll(/\D/g, ''), offset: 0 }, { replace: true })
          }
        />
      </div>
      {address.get('kind') !== '' && (
        <p className="chosen">
          <span className="break">Only: {kind ? visible(kind.meta.error) : 'one kind of error'}</span>
          <CloseButton
            size="sm"
            aria-label="Show errors of all kinds"
            onClick={() => address.set({ kind: '', offset: 0 })}
          />
        </p>
      )}
    </>
  )
}

interface ChoiceProps {
  readonly attribute: ErrorAttribute
  readonly label: string
  readonly options: readonly ComboboxItem[]
}

function Choice({ attribute, label, options }: ChoiceProps) {
  const address = useAddress()
  return (
    <Select
      label={label}
      data={options}
      value={address.get(attribute) || null}
      placeholder="All"
      clearable
      searchable={options.length > 10}
      clearButtonProps={{ 'aria-label': `Clear the ${label.toLowerCase()}` }}
      onChange={(value) => address.set({ [attribute]: value ?? '', offset: 0 })}
    />
  )
}

/** Each value once. */
const options = (values: readonly string[], labelOf: (value: string) => string): ComboboxItem[] =>
  [...new Set(values)].toSorted().map((value) => ({ value, label: labelOf(value) }))
