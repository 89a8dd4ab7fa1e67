import { Button, SegmentedControl, Text, Title } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { isUnderWay } from '../../../src/imports/resource/outcome'
import { counted, number } from '../../../src/text/numbers'
import type { Features } from '../api/document'
import {
  type ErrorKind,
  getRejectedLine,
  type Import,
  type ImportError,
  listErrorKinds,
  listErrors,
} from '../api/imports'
import { PAGE_LENGTH } from '../api/request'
import { named, visible } from '../format'
import { useAddress } from '../ui/address'
import { type Column, DataTable } from '../ui/data-table'
import { Paging } from '../ui/paging'
import { Empty, Failure } from '../ui/states'

interface ImportErrorsProps {
  readonly one: Import
  readonly features: Features
}

/** The errors of an import, by line or by kind. */
export function ImportErrors({ one, features }: ImportErrorsProps) {
  const address = useAddress()
  const isByKind = features.hasErrorKinds && address.get('errors') === 'kinds'
  const { errors } = one.meta
  return (
    <section className="section">
      <div className="section-head">
        <Title order={2} className="numbers">
          {errors === 0 ? 'Errors' : counted(errors, 'error')}
        </Title>
        {features.hasErrorKinds && errors > 0 && (
          <SegmentedControl
            size="xs"
            aria-label="Show errors"
            value={isByKind ? 'kinds' : 'lines'}
            onChange={(value) => address.set({ errors: value === 'kinds' ? 'kinds' : '', offset: 0 })}
            data={[
              { value: 'lines', label: 'Line by line' },
              { value: 'kinds', label: 'By kind' },
            ]}
          />
        )}
      </div>
      {errors === 0 ? (
        <Empty title={isUnderWay(one) ? 'No errors so far' : 'No errors'} />
      ) : isByKind ? (
        <Kinds one={one} canShowLine={features.hasRejected} />
      ) : (
        <Lines one={one} canShowLine={features.hasRejected} />
      )}
    </section>
  )
}

interface TableProps {
  readonly one: Import
  readonly canShowLine: boolean
}

/** How often errors are fetched while the import runs. */
const RUNNING_MS = 2000

/** A table of errors, in which lines of the file can be opened. */
function useOpenLines() {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set())
  const toggle = (key: string) =>
    setOpen((before) => {
      const after = new Set(before)
      if (!after.delete(key)) after.add(key)
      return after
    })
  return { isOpen: (key: string) => open.has(key), toggle }
}

function Lines({ one, canShowLine }: TableProps) {
  const address = useAddress()
  const { offset } = address
  const { isOpen, toggle } = useOpenLines()
  const query = useQuery({
    // Fetched once more when the import has ended.
    queryKey: ['errors', one.id, offset, isUnderWay(one)],
    queryFn: () => listErrors(one.id, offset),
    placeholderData: keepPreviousData,
    refetchInterval: isUnderWay(one) && RUNNING_MS,
  })
  const { data, error } = query
  const columns: Column<ImportError>[] = [
    { header: 'Line', width: '5rem', isNumber: true, cell: ({ meta }) => number(meta.line_number) },
    { header: 'Field', width: '13rem', cell: ({ meta }) => <Field path={meta.field} /> },
    { header: 'Problem', cell: ({ meta }) => <span className="break">{visible(meta.error)}</span> },
    {
      header: 'Reference',
      width: '12rem',
      cell: ({ meta }) => (
        <span className="break short">
          {meta.external_ref === undefined ? '–' : visible(meta.external_ref)}
        </span>
      ),
    },
    ...(canShowLine
      ? [
          {
            header: 'The line itself',
            width: '8rem',
            isHeaderHidden: true,
            cell: ({ id, meta }: ImportError) => (
              <ShowLine line={meta.line_number} isOpen={isOpen(id)} onClick={() => toggle(id)} />
            ),
          },
        ]
      : []),
  ]
  if (error && !data) return <Failure error={error} onRetry={() => query.refetch()} />
  return (
    <>
      {error && <Failure error={error} onRetry={() => query.refetch()} />}
      <DataTable
        label="Errors by line"
        columns={columns}
        rows={data?.data}
        rowKey={({ id }) => id}
        expectedRows={Math.min(one.meta.errors - offset, PAGE_LENGTH)}
        isStale={query.isPlaceholderData && data?.meta.page.offset !== offset}
        below={({ id, meta }) =>
          isOpen(id) ? <Line importId={one.id} line={meta.line_number} /> : undefined
        }
      />
      <Paging
        what="errors"
        offset={offset}
        total={one.meta.errors}
        onChange={(changed) => address.set({ offset: changed })}
      />
    </>
  )
}

function Kinds({ one, canShowLine }: TableProps) {
  const { isOpen, toggle } = useOpenLines()
  const query = useQuery({
    queryKey: ['error-kinds', one.id, isUnderWay(one)],
    queryFn: () => listErrorKinds(one.id),
    placeholderData: keepPreviousData,
    refetchInterval: isUnderWay(one) && RUNNING_MS,
  })
  const { data, error } = query
  const columns: Column<ErrorKind>[] = [
    { header: 'Lines', width: '6rem', isNumber: true, cell: ({ meta }) => number(meta.lines) },
    { header: 'Field', width: '13rem', cell: ({ meta }) => <Field path={meta.field} /> },
    { header: 'Problem', cell: ({ meta }) => <span className="break">{visible(meta.error)}</span> },
    {
      header: 'First line',
      width: '7rem',
      isNumber: true,
      cell: ({ meta }) => number(meta.first_line_number),
    },
    ...(canShowLine
      ? [
          {
            header: 'The line itself',
            width: '8rem',
            isHeaderHidden: true,
            cell: ({ id, meta }: ErrorKind) => (
              <ShowLine line={meta.first_line_number} isOpen={isOpen(id)} onClick={() => toggle(id)} />
            ),
          },
        ]
      : []),
  ]
  if (error && !data) return <Failure error={error} onRetry={() => query.refetch()} />
  return (
    <>
      <DataTable
        label="Errors by kind"
        columns={columns}
        rows={data}
        rowKey={({ id }) => id}
        below={({ id, meta }) =>
          isOpen(id) ? <Line importId={one.id} line={meta.first_line_number} /> : undefined
        }
      />
      {data && data.length >= MAX_KINDS && (
        <Text size="sm" mt="sm" className="quiet">
          These are the {number(MAX_KINDS)} most frequent kinds. “Line by line” lists all errors.
        </Text>
      )}
    </>
  )
}

/** The service lists no more. */
const MAX_KINDS = 100

const Field = ({ path }: { readonly path: string }) =>
  path === '' ? <span className="quiet">the whole line</span> : <code className="break">{visible(path)}</code>

interface ShowLineProps {
  readonly line: number
  readonly isOpen: boolean
  onClick(): void
}

const ShowLine = ({ line, isOpen, onClick }: ShowLineProps) => (
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

function Line({ importId, line }: { readonly importId: string; readonly line: number }) {
  const { data, error, refetch } = useQuery({
    queryKey: ['line', importId, line],
    queryFn: () => getRejectedLine(importId, line),
    staleTime: Number.POSITIVE_INFINITY,
  })
  if (error) return <Failure error={error} onRetry={() => refetch()} />
  const text = data?.text
  const rest = (text?.length ?? 0) - SHOWN_CHARACTERS
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
    </figure>
  )
}
