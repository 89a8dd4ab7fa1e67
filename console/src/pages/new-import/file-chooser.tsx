import { Anchor, Text } from '@mantine/core'
import { useId, useState } from 'react'
import catalogue from '../../../../examples/catalogue.jsonl?url'
import mistakes from '../../../../examples/mistakes.jsonl?url'
import { bytes } from '../../format'

interface FileChooserProps {
  readonly file: File | undefined
  readonly problem: string | undefined
  choose(file: File): void
}

/** A field for a file, which can also be dropped there. */
export function FileChooser({ file, problem, choose }: FileChooserProps) {
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
