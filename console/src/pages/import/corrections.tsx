import { Button, Text } from '@mantine/core'
import { useState } from 'react'
import { useLocation } from 'wouter'
import { counted, number } from '../../../../src/text/numbers'
import type { Import } from '../../api/imports'
import { forgetEdits, forgetSent, useEdits } from '../../edits'
import { asLine, whyNotLine } from '../../json-text'
import { Question } from '../../ui/dialog'
import { startUpload, useUpload } from '../../upload'

/** The lines that were corrected, ready to be imported. It stays in view while lines are corrected. */
export function Corrections({ one }: { readonly one: Import }) {
  const edits = useEdits(one.id)
  const [isAsked, setAsked] = useState(false)
  const [, navigate] = useLocation()
  const isSending = useUpload()?.status === 'sending'
  if (edits.size === 0) return null
  const lines = counted(edits.size, 'corrected line')
  const broken = [...edits.values()].filter((text) => whyNotLine(text) !== undefined).length
  const send = () => {
    setAsked(false)
    const options = {
      externalRef: '',
      onConflict: one.meta.on_conflict ?? 'reject',
      isRehearsal: false,
      fixes: one.id,
    } as const
    startUpload(correctedFile(one, edits), options, () => forgetSent(one.id, edits))
    navigate('/new')
  }
  return (
    <section className="corrections" aria-label="Corrected lines">
      <Text size="sm" fw={600}>
        {lines}
        {broken > 0 && (edits.size === 1 ? ', not ready yet' : `, ${number(broken)} not ready yet`)}
      </Text>
      <Button size="xs" variant="default" onClick={() => forgetEdits(one.id)}>
        Discard
      </Button>
      <Button size="xs" disabled={broken > 0 || isSending} onClick={() => setAsked(true)}>
        Import {lines}
      </Button>
      <Question
        isOpen={isAsked}
        title={`Import ${lines}?`}
        no="Not now"
        yes="Import"
        onNo={() => setAsked(false)}
        onYes={send}
      >
        <Text>
          They become a new import, which names this one. Records that exist already are treated as in this
          import.
        </Text>
      </Question>
    </section>
  )
}

/** The corrected lines as a file, in the order of the first one. */
function correctedFile(one: Import, edits: ReadonlyMap<number, string>): File {
  const lines = [...edits].toSorted(([a], [b]) => a - b).map(([, text]) => `${asLine(text)}\n`)
  const name = (one.meta.file.name ?? 'import.jsonl').replace(/(\.\w+)?(\.gz|\.zst)?$/, '')
  return new File(lines, `${name}-corrected.jsonl`, { type: 'application/jsonl' })
}
