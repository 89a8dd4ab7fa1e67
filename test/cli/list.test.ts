import { describe, expect, test } from 'vitest'
import { type Column, listed } from '../../src/cli/terminal/list.js'

interface Row {
  readonly id: string
  readonly name: string
  readonly of: string
}

const columns: readonly Column<Row>[] = [
  { title: 'id', value: ({ id }) => id },
  { title: 'name', wraps: true, value: ({ name }) => name },
  { title: 'of', wraps: true, value: ({ of }) => of },
  { title: 'created', mayGo: true, value: () => '2026-01-01' },
]

const id = '0b2a5d0e-8a5c-4d4e-9d5e-3a1b2c3d4e5f'
const draw = (rows: readonly Row[], width?: number) => listed(rows, columns, 'There is none.').text(width)

describe('A list', () => {
  test('has one line per row without a terminal', () => {
    expect(draw([{ id, name: 'a name '.repeat(30).trim(), of: 'x' }]).split('\n')).toHaveLength(2)
  })

  test.each([70, 80, 100, 120, 200])('fits a terminal of %i columns, and shows the names whole', (width) => {
    const text = draw(
      [
        { id, name: 'short', of: 'a long name of somebody'.repeat(3) },
        { id, name: 'unbreakable'.repeat(9), of: 'x' },
      ],
      width,
    )
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(width)
    const letters = text.replaceAll(/\s/g, '')
    expect(letters).toContain('short')
    expect([...letters.matchAll(/[a-z]/g)].length).toBeGreaterThan(99 + 57)
  })

  test('leaves out what is dispensable before it breaks names', () => {
    const rows = [{ id, name: 'key 12345678', of: 'store default' }]
    expect(draw(rows, 90).split('\n')[1]).toBe(`${id}  key 12345678  store default  2026-01-01`)
    expect(draw(rows, 70)).not.toContain('created')
    expect(draw(rows, 70).split('\n')[1]).toBe(`${id}  key 12345678  store default`)
  })

  test('is a block of lines for each row where it is too wide for anything else', () => {
    const rows = [
      { id, name: 'a name of several words, some of them long', of: 'x' },
      { id, name: 'short', of: 'y' },
    ]
    expect(draw(rows, 40).split('\n')).toEqual([
      id,
      'name     a name of several words, some',
      '         of them long',
      'of       x',
      'created  2026-01-01',
      '',
      id,
      'name     short',
      'of       y',
      'created  2026-01-01',
    ])
  })

  test('shows nothing that a terminal would obey', () => {
    expect(draw([{ id, name: '\u001b[2Jx', of: 'y' }])).not.toContain('\u001b')
  })

  test('without rows is a sentence', () => {
    expect(draw([], 80)).toBe('There is none.')
    expect(listed([], columns, '').json).toEqual([])
  })
})
