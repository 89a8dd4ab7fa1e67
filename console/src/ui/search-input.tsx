import { CloseButton, TextInput } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'

interface SearchInputProps {
  readonly label: string
  readonly description?: string
  readonly value: string
  onChange(value: string): void
}

/** How long after the last key a search starts. */
const PAUSE_MS = 300

/** A field that searches while a person types. */
export function SearchInput({ label, description, value, onChange }: SearchInputProps) {
  const [text, setText] = useState(value)
  const change = useRef(onChange)
  change.current = onChange
  // Back and forward change the address, and the field with it.
  useEffect(() => setText(value), [value])
  useEffect(() => {
    if (text === value) return
    const timer = setTimeout(() => change.current(text), PAUSE_MS)
    return () => clearTimeout(timer)
  }, [text, value])
  return (
    <TextInput
      className="search"
      label={label}
      description={description}
      inputWrapperOrder={['label', 'input', 'description']}
      maxLength={200}
      value={text}
      onChange={(event) => setText(event.currentTarget.value)}
      rightSection={
        text === '' ? undefined : (
          <CloseButton size="sm" aria-label="Clear the search" onClick={() => setText('')} />
        )
      }
    />
  )
}
