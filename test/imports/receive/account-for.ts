import { isUtf8 } from 'node:buffer'
import { expect } from 'vitest'
import { recordTypes } from '../../../src/records/index.js'
import type { Api } from '../../support/api.js'
import { ownerIdOf } from '../../support/rows.js'
import type { TestService } from '../../support/service.js'

/** What a line is, according to any JSON parser: a record type, blank, or undefined for anything else. */
function kindOf(line: Buffer, isFirst: boolean): string | undefined {
  if (!isUtf8(line)) return undefined
  const text = line
    .toString('utf8')
    .slice(isFirst && line.subarray(0, 3).toString('hex') === 'efbbbf' ? 1 : 0)
  if (/^[ \t\r]*$/.test(text)) return 'blank'
  try {
    const type = JSON.parse(text)?.data?.type
    return recordTypes.find((one) => one.type === type)?.type
  } catch {
    return undefined
  }
}

/** What the lines of a file are, by number from 0. */
export function kindsOf(content: Buffer): (string | undefined)[] {
  const lines = content.toString('latin1').split('\n')
  // The empty line after the last newline does not count.
  if (lines.at(-1) === '') lines.pop()
  return lines.map((line, index) => kindOf(Buffer.from(line, 'latin1'), index === 0))
}

/** What is invisible, or what a terminal obeys. */
const UNSEEN = /[\p{Cc}\p{Cs}\p{Bidi_Control}\u200b\ufeff\u2028\u2029]/u

/** A sentence for people, in which every character is visible. */
export function expectSentence(text: unknown): void {
  expect(text).toEqual(expect.any(String))
  expect(text).not.toBe('')
  expect(text).not.toMatch(UNSEEN)
}

/**
 * Rehearses and imports a file, and expects both to account for every line: each record counts, and exists
 * unless an error says why not.
 *
 * @param sent the file as it is sent, perhaps compressed.
 */
export async function accountFor(
  { pool }: TestService,
  api: Api,
  content: Buffer,
  sent: Buffer = content,
): Promise<void> {
  const kinds = kindsOf(content)
  const rehearsal = await api.import(sent, { dryRun: true })
  const { id, meta } = await api.import(sent)
  const errors = await api.errors(id)
  expect(await api.errors(rehearsal.id)).toEqual(errors)
  expect(rehearsal.meta.records).toEqual(meta.records)

  expect(meta.failure?.reason).not.toBe('fault')
  expect(meta.file.lines).toBe(kinds.length)
  expect(meta.errors).toBe(errors.length)
  for (const { error } of errors) expectSentence(error)
  const wrong = new Set(errors.map(({ line }) => line))
  const ownerId = await ownerIdOf(pool, api)
  for (const { type, table } of recordTypes) {
    const uploaded = kinds.flatMap((kind, index) => (kind === type ? [index + 1] : []))
    const imported = uploaded.filter((line) => !wrong.has(line)).length
    const { rows } = await pool.query(
      `select count(*)::integer as count, (count(*) filter (where external_ref = ''))::integer as empty
       from ${table} where owner_id = $1`,
      [ownerId],
    )
    const { uploaded: told, imported: done } = meta.records
    expect([type, told[type], done[type], rows[0]]).toEqual([
      type,
      uploaded.length,
      imported,
      { count: imported, empty: 0 },
    ])
  }
  // A line that is not a record is one problem of the whole line, a blank one none.
  const fields = new Map<number, string[]>()
  for (const { line, field } of errors) fields.set(line, [...(fields.get(line) ?? []), field])
  for (const [index, kind] of kinds.entries()) {
    const found = fields.get(index + 1) ?? []
    if (kind === undefined) expect(found).toEqual([''])
    if (kind === 'blank') expect(found).toEqual([])
  }
}
