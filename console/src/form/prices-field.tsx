import { Button, NativeSelect, Text, TextInput } from '@mantine/core'
import { type Draft, listOf, memberOf, textOf } from './draft'
import { FieldGroup, type FieldProps } from './parts'

const TAX = [
  { value: '', label: 'Tax not said' },
  { value: 'true', label: 'With tax' },
  { value: 'false', label: 'Without tax' },
]

/** Prices in several currencies, each with the currency's own decimals: `25.00` in EUR, `900` in JPY. */
export function PricesField(props: FieldProps) {
  const rows = listOf(props.draft)
  const currencies = rows.map((row) => textOf(memberOf(row, 'currency')))
  const repeated = currencies.find((one, index) => one !== '' && currencies.indexOf(one) !== index)
  return (
    <FieldGroup {...props}>
      {rows.map((row, index) => (
        <PriceRow
          // biome-ignore lint/suspicious/noArrayIndexKey: what is typed has nothing else that tells it apart
          key={index}
          number={index + 1}
          row={row}
          onChange={(changed) => props.onChange(rows.with(index, changed))}
          onRemove={() => props.onChange(rows.toSpliced(index, 1))}
        />
      ))}
      {repeated !== undefined && (
        <Text size="sm" className="problem" role="alert">
          {repeated} is there twice. Only the last one counts.
        </Text>
      )}
      <Button
        size="xs"
        variant="default"
        className="form-button"
        onClick={() => props.onChange([...rows, { currency: '', amount: '', tax: '' }])}
      >
        Add a price
      </Button>
    </FieldGroup>
  )
}

interface PriceRowProps {
  readonly number: number
  readonly row: Draft
  onChange(row: Draft): void
  onRemove(): void
}

function PriceRow({ number, row, onChange, onRemove }: PriceRowProps) {
  const text = (name: string) => textOf(memberOf(row, name))
  const price = { currency: text('currency'), amount: text('amount'), tax: text('tax') }
  return (
    <div className="price-row">
      <TextInput
        aria-label={`Currency of price ${number}`}
        placeholder="EUR"
        maxLength={3}
        autoComplete="off"
        value={price.currency}
        onChange={(event) => onChange({ ...price, currency: event.currentTarget.value.toUpperCase() })}
      />
      <TextInput
        aria-label={`Amount of price ${number}`}
        placeholder="25.00"
        inputMode="decimal"
        autoComplete="off"
        value={price.amount}
        onChange={(event) => onChange({ ...price, amount: event.currentTarget.value })}
      />
      <NativeSelect
        aria-label={`Tax of price ${number}`}
        data={TAX}
        value={price.tax}
        onChange={(event) => onChange({ ...price, tax: event.currentTarget.value })}
      />
      <Button size="xs" variant="default" onClick={onRemove} aria-label={`Remove price ${number}`}>
        Remove
      </Button>
    </div>
  )
}
