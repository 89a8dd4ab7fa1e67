import { Button, Group, Text, Textarea } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { counted, number } from '../../../../src/text/numbers'
import { getRejectedLine } from '../../api/imports'
import { edit, useEdits } from '../../edits'
import { named } from '../../format'
import { editable, whyNotLine } from '../../json-text'
import { Failure } from '../../ui/states'

interface ShowLineProps {
  readonly line: number
  readonly isOpen: boolean
  onClick(): void
}

export const ShowLine = ({ line, isOpen, onClick }: ShowLineProps) => (
  <Button
    size="compact-sm"
    variant="subtle"
    aria-expanded={isOpen}
    aria-label={`${isOpen ? 'Hide' : 'Show'} line ${number(line)}`}
    onClick={onClick}
  >
    {isOpen ? 'Hide line' : 'Show line'}
  </Button>
)

/** A line of the file may be a megabyte long. */
const SHOWN_CHARACTERS = 4000
/** What fits into a field; longer lines are corrected in the downloaded file. */
const MAX_EDITED_CHARACTERS = 100_000

interface LineProps {
  readonly importId: string
  readonly line: number
  readonly canCorrect: boolean
}

/** A rejected line as it is in the file, and a field to correct it in. */
export function Line({ importId, line, canCorrect }: LineProps) {
  const edited = useEdits(importId).get(line)
  const { data, error, refetch } = useQuery({
    queryKey: ['line', importId, line],
    queryFn: () => getRejectedLine(importId, line),
    staleTime: Number.POSITIVE_INFINITY,
  })
  if (error) return <Failure error={error} onRetry={() => refetch()} />
  const text = data?.text
  if (text !== undefined && edited !== undefined) {
    return <Editor importId={importId} line={line} text={edited} />
  }
  const rest = (text?.length ?? 0) - SHOWN_CHARACTERS
  const canEdit = canCorrect && data?.isWhole && (text?.length ?? 0) <= MAX_EDITED_CHARACTERS
  return (
    <figure className="line" aria-busy={text === undefined}>
      <figcaption>Line {number(line)} as it is in the file</figcaption>
      <pre>{text === undefined ? ' ' : named(text.slice(0, SHOWN_CHARACTERS))}</pre>
      {rest > 0 && (
        <Text size="sm">
          … and {data?.isWhole ? '' : 'over '}
          {counted(rest, 'more character', 'more characters')}.
        </Text>
      )}
      {canEdit && (
        <Button
          size="compact-sm"
          variant="default"
          aria-label={`Correct line ${number(line)}`}
          onClick={() => edit(importId, line, editable(line, data))}
        >
          Correct this line
        </Button>
      )}
    </figure>
  )
}

const MAX_ROWS = 24

interface EditorProps {
  readonly importId: string
  readonly line: number
  readonly text: string
}

function Editor({ importId, line, text }: EditorProps) {
  const why = whyNotLine(text)
  return (
    <div className="line">
      <Textarea
        autoFocus
        label={`Line ${number(line)}, corrected`}
        description="The file stays as it is: corrected lines are imported as a new import."
        error={why}
        rows={Math.min(text.split('\n').length + 1, MAX_ROWS)}
        spellCheck={false}
        value={text}
        onChange={(event) => edit(importId, line, event.currentTarget.value)}
        classNames={{ input: 'code-input' }}
      />
      <Group mt="xs">
        <Button size="compact-sm" variant="default" onClick={() => edit(importId, line, undefined)}>
          Discard the correction
        </Button>
      </Group>
    </div>
  )
}
