import Table from 'cli-table3'

type Alignment = 'left' | 'right'

/** A table of texts, as lines without a newline at the end and without borders. */
export function drawTable(
  head: readonly string[],
  colAligns: readonly Alignment[],
  rows: readonly (readonly string[])[],
): string {
  const table = new Table({ head: [...head], colAligns: [...colAligns], chars: noBorders, style: noStyle })
  table.push(...rows.map((row) => [...row]))
  const lines = table.toString().split('\n')
  return lines.map((line) => line.trimEnd()).join('\n')
}

const noBorders = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
}

const noStyle = { 'padding-left': 0, 'padding-right': 0, head: [], border: [] }
