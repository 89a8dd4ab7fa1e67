import { whole } from './request'

/** The beginning of an answer. */
export interface Beginning {
  /** Where it is not UTF-8, it has U+FFFD. */
  readonly text: string
  readonly isUtf8: boolean
  /** Whether the text is the whole answer. */
  readonly isWhole: boolean
}

/** The beginning of an answer, as text. The rest is not fetched. */
export async function beginningOf({ body }: Response, maxBytes: number): Promise<Beginning> {
  const reader = body?.getReader()
  const pieces: Uint8Array<ArrayBuffer>[] = []
  let isWhole = true
  for (let bytes = 0; reader && isWhole; ) {
    const { done, value } = await whole(reader.read())
    if (done) break
    pieces.push(value)
    bytes += value.length
    if (bytes < maxBytes) continue
    await reader.cancel()
    isWhole = false
  }
  const bytes = await new Blob(pieces).arrayBuffer()
  // A byte-order mark is shown as well: it may be what is wrong.
  return { text: new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes), isUtf8: isUtf8(bytes), isWhole }
}

function isUtf8(bytes: ArrayBuffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return true
  } catch {
    return false
  }
}

/** The first of many. */
export interface Rows<Row> {
  readonly rows: readonly Row[]
  /** Whether there are no others. */
  readonly isWhole: boolean
}

/** How many are shown; all of them can be downloaded. */
const MAX_ROWS = 200
/** The most to read for them, in bytes. */
const MAX_BYTES = 8_000_000

/** The first objects of an answer in JSON Lines that are to be shown. */
export async function rowsOf<Row>(
  { body }: Response,
  isShown: (row: Row) => boolean = () => true,
): Promise<Rows<Row>> {
  const reader = body?.getReader()
  const decoder = new TextDecoder()
  const rows: Row[] = []
  let rest = ''
  for (let bytes = 0; reader; ) {
    const { done, value } = await whole(reader.read())
    if (done) break
    bytes += value.length
    const lines = (rest + decoder.decode(value, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    rows.push(...lines.map((line) => JSON.parse(line) as Row).filter(isShown))
    if (rows.length <= MAX_ROWS && bytes < MAX_BYTES) continue
    await reader.cancel()
    return { rows: rows.slice(0, MAX_ROWS), isWhole: false }
  }
  return { rows, isWhole: true }
}
