import { Alert, Anchor, Button, Progress, Radio, Stack, Switch, Text, TextInput } from '@mantine/core'
import { useEffect, useId, useState } from 'react'
import { useLocation } from 'wouter'
import catalogue from '../../../examples/catalogue.jsonl?url'
import mistakes from '../../../examples/mistakes.jsonl?url'
import { ON_CONFLICT, type OnConflict } from '../../../src/imports/terms'
import { type Features, useService } from '../api/document'
import type { ImportOptions } from '../api/imports'
import { Refused } from '../api/request'
import { bytes, duration, percent } from '../format'
import { useAddress } from '../ui/address'
import { TextLink } from '../ui/link'
import { Page } from '../ui/page'
import { Failure } from '../ui/states'
import { cancelUpload, forgetUpload, startUpload, type Upload, useUpload } from '../upload'

const POLICIES: Readonly<Record<OnConflict, { readonly label: string; readonly description: string }>> = {
  reject: {
    label: 'Reject it',
    description: 'It is reported as an error, and the existing record stays as it is.',
  },
  skip: {
    label: 'Skip it',
    description: 'The existing record stays as it is, and this is not an error.',
  },
  update: {
    label: 'Update it',
    description: 'The existing record takes the attributes of the line, and counts as imported.',
  },
}

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

function Form({ features: { canRehearse, conflictPolicies }, failed }: FormProps) {
  const address = useAddress()
  const isAgain = address.get('again') !== ''
  const [file, setFile] = useState<File | undefined>(failed?.file)
  const [externalRef, setExternalRef] = useState(failed?.options.externalRef ?? address.get('external_ref'))
  const [isRehearsal, setRehearsal] = useState(failed?.options.isRehearsal ?? !isAgain)
  const [onConflict, setOnConflict] = useState<OnConflict>(
    failed?.options.onConflict ?? ON_CONFLICT.find((one) => one === address.get('on_conflict')) ?? 'reject',
  )
  const [problem, setProblem] = useState<string>()
  const options: ImportOptions = {
    externalRef,
    isRehearsal: canRehearse && isRehearsal,
    onConflict: conflictPolicies.includes(onConflict) ? onConflict : 'reject',
  }
  const choose = (chosen: File) => {
    forgetUpload()
    setProblem(chosen.size === 0 ? `${chosen.name} is empty: there is nothing to import.` : undefined)
    setFile(chosen.size === 0 ? undefined : chosen)
  }
  return (
    <form
      className="narrow"
      onSubmit={(event) => {
        event.preventDefault()
        if (file) startUpload(file, options)
        else setProblem('Please choose a file first.')
      }}
    >
      <Stack gap="lg">
        {isAgain && (
          <Alert color="blue" variant="light" className="block" title="Please choose the file again">
            This page was reloaded after the rehearsal, and the browser does not keep files. The options are
            those of the rehearsal.
          </Alert>
        )}
        <FileChooser file={file} problem={problem} choose={choose} />
        <TextInput
          label="Reference (optional)"
          description="Your own name for the import. No other import can have the same one, so a file is not imported twice by accident."
          maxLength={2048}
          value={externalRef}
          onChange={(event) => setExternalRef(event.currentTarget.value)}
        />
        <ConflictChoice policies={conflictPolicies} value={onConflict} onChange={setOnConflict} />
        {canRehearse && (
          <Switch
            label="Rehearse first"
            description="Every line is checked exactly as in the real import, and nothing is added. You can import it afterwards."
            checked={isRehearsal}
            onChange={(event) => setRehearsal(event.currentTarget.checked)}
          />
        )}
        {failed && <UploadFailure error={failed.error} />}
        <div>
          <Button type="submit" size="md">
            {options.isRehearsal ? 'Rehearse the import' : 'Import'}
          </Button>
        </div>
      </Stack>
    </form>
  )
}

interface ConflictChoiceProps {
  readonly policies: Features['conflictPolicies']
  readonly value: OnConflict
  onChange(value: OnConflict): void
}

function ConflictChoice({ policies, value, onChange }: ConflictChoiceProps) {
  if (policies.length === 0) return null
  return (
    <Radio.Group
      label="When a record with the same external reference already exists"
      value={value}
      onChange={(chosen) => onChange(chosen as OnConflict)}
    >
      <Stack gap="sm" mt="xs">
        {policies.map((policy) => (
          <Radio key={policy} value={policy} {...POLICIES[policy]} />
        ))}
      </Stack>
    </Radio.Group>
  )
}

interface FileChooserProps {
  readonly file: File | undefined
  readonly problem: string | undefined
  choose(file: File): void
}

function FileChooser({ file, problem, choose }: FileChooserProps) {
  const id = useId()
  const [isOver, setOver] = useState(false)
  return (
    <div>
      <Text component="label" htmlFor={id} fw={600} size="sm">
        File
      </Text>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: dropping is a shortcut for mouse users; everybody can use the input */}
      <div
        className="drop"
        data-over={isOver || undefined}
        onDragOver={(event) => {
          event.preventDefault()
          setOver(true)
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault()
          setOver(false)
          const [dropped] = event.dataTransfer.files
          if (dropped) choose(dropped)
        }}
      >
        <input
          id={id}
          type="file"
          className="drop-input"
          accept=".jsonl,.ndjson,.json,.txt,.gz,.zst,application/jsonl,application/x-ndjson"
          aria-describedby={`${id}-hint`}
          aria-invalid={problem !== undefined}
          onChange={(event) => {
            const [chosen] = event.currentTarget.files ?? []
            if (chosen) choose(chosen)
            // The same file can be chosen again after it was fixed.
            event.currentTarget.value = ''
          }}
        />
        <Chosen file={file} />
      </div>
      <div id={`${id}-hint`} className="drop-hint">
        <Text size="sm" role="alert" className="problem">
          {problem}
        </Text>
        <Text size="sm" className="quiet">
          To try it out: <SampleLink href={catalogue} name="catalogue.jsonl" />, a sample of 200 good records,
          and <SampleLink href={mistakes} name="mistakes.jsonl" />, with the mistakes that people make.
        </Text>
      </div>
    </div>
  )
}

/** The file that was chosen, or what to do. */
function Chosen({ file }: Pick<FileChooserProps, 'file'>) {
  return (
    <div className="drop-words">
      {file ? (
        <>
          <Text fw={600} className="break">
            {file.name}
          </Text>
          <Text size="sm" className="quiet">
            {bytes(file.size)} · choose or drop another one to replace it
          </Text>
        </>
      ) : (
        <>
          <Text fw={600}>Drop a file here, or choose one</Text>
          <Text size="sm" className="quiet">
            JSON Lines in UTF-8: one record per line
          </Text>
        </>
      )}
    </div>
  )
}

const SampleLink = ({ href, name }: { readonly href: string; readonly name: string }) => (
  <Anchor href={href} download={name} inherit>
    {name}
  </Anchor>
)

function UploadFailure({ error }: { readonly error: Error }) {
  const otherId = error instanceof Refused ? error.problems.find(({ meta }) => meta?.id)?.meta?.id : undefined
  return (
    <Failure error={error}>
      <Text size="sm" mt="xs">
        Nothing was imported.{' '}
        {otherId !== undefined && <TextLink href={`/imports/${otherId}`}>See the other import</TextLink>}
      </Text>
    </Failure>
  )
}

function Sending({ upload: { file, sent, startedAt } }: { readonly upload: Upload & { status: 'sending' } }) {
  const share = sent / file.size
  const elapsed = performance.now() - startedAt
  const rate = elapsed > 500 ? (sent / elapsed) * 1000 : undefined
  const left = rate && sent < file.size ? ((file.size - sent) / rate) * 1000 : undefined
  return (
    <div className="narrow panel">
      <Text fw={600} className="break">
        {sent < file.size ? `Sending ${file.name}` : `${file.name} has been sent; the service is saving it`}
      </Text>
      <Progress value={share * 100} size="lg" my="sm" aria-label={`Sending ${file.name}`} />
      <Text size="sm" className="numbers quiet">
        {percent(share)} · {bytes(sent)} of {bytes(file.size)}
        {rate !== undefined && ` · ${bytes(rate)} a second`}
        {left !== undefined && ` · about ${duration(left)} left`}
      </Text>
      <Text size="sm" mt="md" className="quiet">
        You can look at other pages, but keep this tab open.
      </Text>
      <Button variant="default" mt="md" onClick={cancelUpload}>
        Stop sending
      </Button>
    </div>
  )
}
