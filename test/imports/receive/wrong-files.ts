import { gzipSync } from 'node:zlib'
import type { RandomNumbers } from '../../../bench/random.js'
import { changed, mutated } from './mutations.js'

/** A file that people send by mistake, or that some program writes. */
export interface WrongFile {
  readonly kind: string
  /** As it is sent. */
  readonly sent: Buffer
  /** Its text; undefined if there is none, as within a broken archive. */
  readonly content: Buffer | undefined
}

type Make = (records: readonly string[], random: RandomNumbers) => string | Buffer

const MARK = '\ufeff'
const pretty = (value: unknown): string => JSON.stringify(value, null, 2)
const each = (records: readonly string[], end = '\n'): string =>
  records.map((line) => `${line}${end}`).join('')
const utf16 = (text: string, isBigEndian: boolean): Buffer => {
  const bytes = Buffer.from(text, 'utf16le')
  return isBigEndian ? bytes.swap16() : bytes
}
const binary =
  (magic: string): Make =>
  (_records, random) =>
    Buffer.concat([
      Buffer.from(magic, 'latin1'),
      Buffer.from(Array.from({ length: random.below(5000) }, () => random.below(256))),
    ])

const kinds: Readonly<Record<string, Make>> = {
  CSV: (records, random) => {
    const separator = random.pick([',', ';', '\t', '|'])
    return each(['name', ...records].map((_, row) => [`"Coffee ${row}"`, `p-${row}`, row].join(separator)))
  },
  'an array on one line': (records) => `[${records.join(',')}]`,
  'an array, a record a line': (records) => `[\n${records.join(',\n')}\n]\n`,
  'an array, the commas first': (records) => `[\n  ${records.join('\n, ')}\n]\n`,
  'a pretty-printed array': (records) => pretty(records.map((line) => JSON.parse(line))),
  'pretty-printed records': (records) => each(records.map((line) => pretty(JSON.parse(line)))),
  'records after each other on one line': (records) => records.join(' '),
  'two files with byte-order marks joined': (records) =>
    `${MARK}${each(records)}${MARK}${each(records.slice(1))}`,
  'a byte-order mark': (records) => `${MARK}${each(records)}`,
  'a byte-order mark alone': () => MARK,
  'CR alone': (records) => each(records, '\r'),
  CRLF: (records) => each(records, '\r\n'),
  'blank lines between': (records) => each(records, '\n\r\n \n\n'),
  'no last newline': (records) => records.join('\n'),
  'nothing but blank lines': (_records, random) => '\r\n \t\n'.repeat(random.below(50)),
  'UTF-16': (records, random) => utf16(`${MARK}${each(records)}`, random.oneIn(2)),
  'UTF-16 without a mark': (records, random) => utf16(each(records), random.oneIn(2)),
  'zero bytes at the end': (records, random) => each(records) + '\0'.repeat(random.below(9000)),
  'zero bytes at the beginning': (records, random) => '\0'.repeat(random.below(9000)) + each(records),
  'nothing but zero bytes': (_records, random) => '\0'.repeat(random.below(9000)),
  'another encoding': (records) => Buffer.from(each(records).replaceAll('a', 'é'), 'latin1'),
  HTML: () => '<!DOCTYPE html>\n<html>\n<body>502 Bad Gateway</body>\n</html>\n',
  'a log': (records) => each(records.map((line, row) => `2026-01-01T00:00:${row} INFO ${line}`)),
  PDF: binary('%PDF-1.7\n'),
  ZIP: binary('PK\x03\x04'),
  'an old office document': binary('\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1'),
  'random bytes': binary(''),
  gzip: (records) => gzipSync(each(records)),
  'gzip twice': (records) => gzipSync(gzipSync(each(records))),
  'gzip that broke off': (records, random) => {
    const whole = gzipSync(each(records))
    return whole.subarray(0, 2 + random.below(whole.length - 2))
  },
  'mutated lines': (records, random) =>
    Buffer.concat(records.flatMap(() => [mutated(random), Buffer.from('\n')])),
}

/** A file of a usual wrong kind; in one of three a few bytes are also changed. @param records as lines */
export function wrongFile(random: RandomNumbers, records: readonly string[]): WrongFile {
  const [kind, make] = random.pick(Object.entries(kinds))
  let sent = Buffer.from(
    make(
      Array.from({ length: 1 + random.below(20) }, () => random.pick(records)),
      random,
    ),
  )
  if (kind === 'gzip') return { kind, sent, content: undefined }
  for (let changes = random.oneIn(3) ? 1 + random.below(4) : 0; changes > 0; changes -= 1) {
    sent = Buffer.from(changed(random, sent))
  }
  const isCompressed = [0x1f8b, 0x28b5].includes(sent.length > 1 ? sent.readUInt16BE() : 0)
  return { kind, sent, content: isCompressed ? undefined : sent }
}
