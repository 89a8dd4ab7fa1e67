import { Button, Stack, Switch, Text, TextInput } from '@mantine/core'
import { useEffect, useState } from 'react'
import { useLocation } from 'wouter'
import { number } from '../../../src/text/numbers'
import { type Features, useService } from '../api/document'
import type { ImportOptions } from '../api/imports'
import { Question } from '../ui/dialog'
import { Page } from '../ui/page'
import { Failure } from '../ui/states'
import { forgetUpload, startUpload, type Upload, useUpload } from '../upload'
import { ConflictChoice } from './new-import/conflict-choice'
import { FileChooser } from './new-import/file-chooser'
import { EarlierImport, SameFileNote, useSameFile } from './new-import/same-file'
import { Sending, UploadFailure } from './new-import/sending'

/** Choosing a file and options, and watching the upload. */
export function NewImportPage() {
  const [, navigate] = useLocation()
  const upload = useUpload()
  const { data: service, error, refetch } = useService()
  const created = upload?.status === 'done' ? upload.created : undefined
  useEffect(() => {
    if (!created) return
    navigate(`/imports/${created.id}`, { replace: true })
    forgetUpload()
  }, [created, navigate])
  return (
    <Page title="New import">
      {error && !service && <Failure error={error} onRetry={() => refetch()} />}
      {upload?.status === 'sending' ? (
        <Sending upload={upload} />
      ) : (
        service && (
          <Form features={service.features} failed={upload?.status === 'failed' ? upload : undefined} />
        )
      )}
    </Page>
  )
}

interface FormProps {
  readonly features: Features
  /** The failed upload from this form. */
  readonly failed: (Upload & { status: 'failed' }) | undefined
}

const DEFAULTS: ImportOptions = { externalRef: '', isRehearsal: true, onConflict: 'reject' }

function Form({ features, failed }: FormProps) {
  const { canRehearse, conflictPolicies, canLimitErrors } = features
  const [file, setFile] = useState<File | undefined>(failed?.file)
  const [given, setOptions] = useState<ImportOptions>(failed?.options ?? DEFAULTS)
  const [problem, setProblem] = useState<string>()
  /** Whether the file is to be sent as soon as it is known whether it was imported before. */
  const [isWanted, setWanted] = useState(false)
  const same = useSameFile(file)
  const set = (changes: Partial<ImportOptions>) => setOptions((before) => ({ ...before, ...changes }))
  const options = { ...given, isRehearsal: canRehearse && given.isRehearsal }
  const earlier = same?.status === 'known' ? same.earlier : undefined
  // A rehearsal adds nothing; of it, the note below the file is enough.
  const isQuestion = isWanted && earlier !== undefined && !options.isRehearsal
  const isChecking = isWanted && same?.status === 'checking' && !options.isRehearsal
  const send = () => file && startUpload(file, options, failed?.onCreated)
  const choose = (chosen: File) => {
    forgetUpload()
    // Corrected lines that could not be sent name the import that they are of; another file does not.
    set({ fixes: undefined })
    setProblem(chosen.size === 0 ? `${chosen.name} is empty: there is nothing to import.` : undefined)
    setFile(chosen.size === 0 ? undefined : chosen)
  }
  useEffect(() => {
    if (!isWanted || isQuestion || isChecking) return
    setWanted(false)
    send()
  })
  return (
    <form
      className="narrow"
      onSubmit={(event) => {
        event.preventDefault()
        if (file) setWanted(true)
        else setProblem('Please choose a file first.')
      }}
    >
      <Stack gap="lg">
        <div>
          <FileChooser file={file} problem={problem} choose={choose} />
          <SameFileNote same={same} />
        </div>
        <TextInput
          label="Reference (optional)"
          description="Your own name for the import. No other import can have the same one, so a file is not imported twice by accident."
          maxLength={2048}
          value={given.externalRef}
          onChange={(event) => set({ externalRef: event.currentTarget.value })}
        />
        <ConflictChoice
          policies={conflictPolicies}
          value={given.onConflict}
          onChange={(onConflict) => set({ onConflict })}
        />
        {canLimitErrors && (
          <ErrorLimit value={given.maxErrors} onChange={(maxErrors) => set({ maxErrors })} />
        )}
        {canRehearse && (
          <Switch
            label="Rehearse first"
            description="Every line is checked exactly as in the real import, and nothing is added. You can import it afterwards, without sending the file again."
            checked={given.isRehearsal}
            onChange={(event) => set({ isRehearsal: event.currentTarget.checked })}
          />
        )}
        {failed && <UploadFailure error={failed.error} />}
        <div>
          <Button type="submit" size="md" loading={isChecking}>
            {options.isRehearsal ? 'Rehearse the import' : 'Import'}
          </Button>
        </div>
      </Stack>
      <Question
        isOpen={isQuestion}
        title="Import this file again?"
        no="Do not import"
        yes="Import it again"
        onNo={() => setWanted(false)}
        onYes={() => {
          setWanted(false)
          send()
        }}
      >
        <Text>{earlier && <EarlierImport one={earlier} />}</Text>
        <Text mt="xs">
          Records with an external reference are found again, and treated as chosen above. Records without one
          are added a second time.
        </Text>
      </Question>
    </form>
  )
}

interface ErrorLimitProps {
  readonly value: number | undefined
  onChange(value: number | undefined): void
}

const ErrorLimit = ({ value, onChange }: ErrorLimitProps) => (
  <TextInput
    label="Stop after rejected lines (optional)"
    description="Once more lines than this are rejected, the import stops. What was imported until then stays, and can be undone."
    inputMode="numeric"
    maxLength={10}
    value={value === undefined ? '' : number(value)}
    onChange={({ currentTarget }) => {
      const digits = currentTarget.value.replaceAll(/\D/g, '')
      onChange(digits === '' ? undefined : Number(digits))
    }}
  />
)
