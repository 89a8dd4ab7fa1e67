import { Skeleton, Table } from '@mantine/core'
import { Fragment, type ReactNode } from 'react'

export interface Column<Row> {
  readonly header: string
  cell(row: Row): ReactNode
  /** Numbers are aligned right. */
  readonly isNumber?: boolean
  /** A CSS length; columns without one share the rest. */
  readonly width?: string
  /** For a column of buttons, which explain themselves. */
  readonly isHeaderHidden?: boolean
}

interface DataTableProps<Row> {
  /** What the table is, for screen readers. */
  readonly label: string
  readonly columns: readonly Column<Row>[]
  /** Undefined while they are loading. */
  readonly rows: readonly Row[] | undefined
  rowKey(row: Row): string
  /** The number of placeholder rows while loading. */
  readonly expectedRows?: number
  /** Whether the rows are still those of the previous page. */
  readonly isStale?: boolean
  /** What to show below a row, in the table's full width; undefined: nothing. */
  below?(row: Row): ReactNode
}

/**
 * Every table of the console. On a narrow screen each row becomes a card whose cells are labelled by the
 * columns. The roles are explicit because a table that is not displayed as one is not a table to screen
 * readers.
 */
export function DataTable<Row>(props: DataTableProps<Row>) {
  const { label, columns, rows, rowKey, expectedRows = 5, isStale = false, below } = props
  return (
    <Table
      className="data-table"
      role="table"
      aria-label={label}
      aria-busy={rows === undefined || isStale}
      data-stale={isStale || undefined}
      verticalSpacing="xs"
    >
      <Table.Thead role="rowgroup">
        <Table.Tr role="row">
          {columns.map(({ header, isNumber, width, isHeaderHidden }) => (
            <Table.Th
              key={header}
              role="columnheader"
              data-number={isNumber || undefined}
              style={width === undefined ? undefined : { width }}
            >
              {isHeaderHidden ? <span className="visually-hidden">{header}</span> : header}
            </Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody role="rowgroup">
        {rows === undefined
          ? Array.from({ length: expectedRows }, (_, index) => index).map((index) => (
              <Table.Tr role="row" key={index}>
                {columns.map(({ header }) => (
                  <Table.Td role="cell" key={header} data-label={header}>
                    <Skeleton height="1em" my="0.275em" width="70%" />
                  </Table.Td>
                ))}
              </Table.Tr>
            ))
          : rows.map((row) => {
              const more = below?.(row)
              return (
                <Fragment key={rowKey(row)}>
                  <Table.Tr role="row" data-open={more === undefined ? undefined : true}>
                    {columns.map(({ header, cell, isNumber, isHeaderHidden }) => (
                      <Table.Td
                        role="cell"
                        key={header}
                        data-label={isHeaderHidden ? undefined : header}
                        data-number={isNumber || undefined}
                      >
                        <div>{cell(row)}</div>
                      </Table.Td>
                    ))}
                  </Table.Tr>
                  {more !== undefined && (
                    <Table.Tr role="row" className="below">
                      <Table.Td role="cell" colSpan={columns.length}>
                        {more}
                      </Table.Td>
                    </Table.Tr>
                  )}
                </Fragment>
              )
            })}
      </Table.Tbody>
    </Table>
  )
}
