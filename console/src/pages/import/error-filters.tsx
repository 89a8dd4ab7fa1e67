import { CloseButton, Select } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { Features } from '../../api/document'
import { ERROR_ATTRIBUTES, type ErrorFilter, listErrorKinds } from '../../api/imports'
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
  const has = (attribute: string) => Object.hasOwn(errorFilters, attribute)
  const codes = errorFilters.code?.values ?? []
  const listed = types.filter(({ type }) => (one.meta.records.uploaded[type] ?? 0) > 0)
  if (!has('type') && !has('field') && !has('code')) return null
  return (
    <>
      <div className="filters error-filters">
        {has('type') && (
          <Select
            label="Type"
            data={listed.map(({ type, list }) => ({ value: type, label: capitalized(list) }))}
            value={address.get('type') || null}
            placeholder="All"
            clearable
            clearButtonProps={{ 'aria-label': 'Show all types' }}
            onChange={(value) => address.set({ type: value ?? '', offset: 0 })}
          />
        )}
        {has('code') && codes.length > 0 && (
          <Select
            label="Problem"
            data={codes.map((value) => ({ value, label: capitalized(phrase(value)) }))}
            value={address.get('code') || null}
            placeholder="All"
            clearable
            searchable
            clearButtonProps={{ 'aria-label': 'Show all problems' }}
            onChange={(value) => address.set({ code: value ?? '', offset: 0 })}
          />
        )}
        {has('field') && (
          <SearchInput
            label="Field"
            value={address.get('field')}
            onChange={(value) => address.set({ field: value, offset: 0 }, { replace: true })}
          />
        )}
        {has('line_number') && (
          <SearchInput
            label="Line number"
            value={address.get('line_number')}
            onChange={(value) =>
              address.set({ line_number: value.replaceAll(/\D/g, ''), offset: 0 }, { replace: true })
            }
          />
        )}
      </div>
      {has('kind') && <ChosenKind importId={one.id} />}
    </>
  )
}

/** The kind whose lines are listed. */
function ChosenKind({ importId }: { readonly importId: string }) {
  const address = useAddress()
  const id = address.get('kind')
  const { data } = useQuery({
    queryKey: ['error-kinds', importId, false],
    queryFn: () => listErrorKinds(importId),
    enabled: id !== '',
  })
  if (id === '') return null
  const kind = data?.find((one) => one.id === id)
  return (
    <p className="chosen">
      <span className="break">Only: {kind ? visible(kind.meta.error) : 'one kind of error'}</span>
      <CloseButton
        size="sm"
        aria-label="Show errors of all kinds"
        onClick={() => address.set({ kind: '', offset: 0 })}
      />
    </p>
  )
}
