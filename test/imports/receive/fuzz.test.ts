import { expect, test } from 'vitest'
import { generateRecords } from '../../../bench/generate.js'
import { type RandomNumbers, randomNumbers } from '../../../bench/random.js'
import { aPlan, aProduct, file, times } from '../../support/builders.js'
import { peakMemory } from '../../support/memory.js'
import { ownerIdOf } from '../../support/rows.js'
import { testService } from '../../support/service.js'
import { accountFor, expectSentence, kindsOf } from './account-for.js'
import { mutated } from './mutations.js'
import { type WrongFile, wrongFile } from './wrong-files.js'

/** Set by `npm run test:fuzz`. */
const LINES = Number(process.env.LONG_TEST_AMOUNT ?? 6000)
const SEED = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000)
const FILES = Math.ceil(LINES / 120)
const NUMBERS = Math.ceil(LINES / 6)
const LINES_A_FILE = 2000
const ROOM = 128 * 2 ** 20

const service = testService()

test(`${LINES} mutated lines from seed ${SEED} on: no fault, every line accounted for, memory bounded`, async () => {
  process.stderr.write(`mutated lines: --seed ${SEED} --lines ${LINES}\n`)
  const random = randomNumbers(SEED)
  let warm = Number.NaN
  for (let done = 0; done < LINES; done += LINES_A_FILE) {
    const count = Math.min(LINES_A_FILE, LINES - done)
    const content = Buffer.concat([
      ...Array.from({ length: count }, () => [mutated(random), Buffer.from('\n')]).flat(),
      Buffer.from(file(aProduct())),
    ])
    await accountFor(service, await service.addStore(), content)
    if (done === LINES_A_FILE) warm = peakMemory(service.server.process.pid)
  }
  const peak = peakMemory(service.server.process.pid)
  if (!Number.isNaN(warm)) expect(peak - warm).toBeLessThan(ROOM)
  expect(service.server.stderr()).toBe('')
}, 600_000)

const records = [...generateRecords({ records: 200 })]

test(`${FILES} files of the usual wrong kinds from seed ${SEED} on: refused in a sentence, or every line accounted for`, async () => {
  const random = randomNumbers(SEED)
  for (let done = 0; done < FILES; done += 1) {
    const wrong = wrongFile(random, records)
    await expectRefusedOrAccountedFor(wrong).catch((error: Error) => {
      error.message = `File ${done + 1} (${wrong.kind}) ${JSON.stringify(wrong.sent.toString('latin1').slice(0, 3000))}: ${error.message}`
      throw error
    })
  }
  expect(service.server.stderr()).toBe('')
}, 3_600_000)

async function expectRefusedOrAccountedFor({ sent, content }: WrongFile): Promise<void> {
  const store = await service.addStore()
  const isArray = content?.toString('utf8').trimStart().startsWith('[')
  const hasRecord = content && kindsOf(content).some((kind) => kind !== undefined && kind !== 'blank')
  const files = await service.uploads()
  const { status, body } = await store.upload(sent)
  if (status === 201) {
    const { meta } = await store.finished(body.data.id)
    expect(meta.failure?.reason).not.toBe('fault')
    expect(hasRecord).not.toBe(false)
    if (content) await accountFor(service, await service.addStore(), content)
    return
  }
  expect(status).toBe(400)
  // An array over several lines may have one line that looks like a record.
  if (!isArray) expect(hasRecord).not.toBe(true)
  for (const { detail } of body.errors) expectSentence(detail)
  expect(await service.uploads()).toEqual(files)
  expect((await store.get('/subscriptions/imports')).body.meta.results.total).toBe(0)
}

test(`${NUMBERS} numbers from seed ${SEED} on: kept as they are written, or their line is rejected`, async () => {
  const random = randomNumbers(SEED)
  const literals = Array.from({ length: NUMBERS }, () => literal(random))
  const store = await service.addStore()
  const content = times(NUMBERS * 2, (line) => {
    const at = literals[line >> 1] ?? ''
    const external_ref = `n-${line >> 1}`
    const record =
      line % 2 === 0
        ? aProduct({ external_ref, price: { USD: { amount: 'HERE' } } })
        : aPlan({ external_ref, base_price_percentage: 'HERE' })
    return JSON.stringify(record).replace('"HERE"', at)
  })
  const { id } = await store.import(content)
  const wrong = new Set((await store.errors(id)).map(({ line }) => line))
  const ownerId = await ownerIdOf(service.pool, store)
  const kept = async (statement: string) => {
    const { rows } = await service.pool.query<{ ref: string; number: string }>(statement, [ownerId])
    return new Map(rows.map(({ ref, number }) => [ref, number]))
  }
  const amounts = await kept(
    `select external_ref as ref, price->'USD'->>'amount' as number from products where owner_id = $1`,
  )
  const percentages = await kept(
    'select external_ref as ref, base_price_percentage::text as number from plans where owner_id = $1',
  )
  for (const [index, text] of literals.entries()) {
    const amount = amounts.get(`n-${index}`)
    const told = { text, amount, percentage: percentages.get(`n-${index}`) }
    const value = decimalOf(text)
    expect({ ...told, isTaken: !wrong.has(index * 2 + 1) }).toEqual({ ...told, isTaken: isAmount(value) })
    if (amount !== undefined) expect([text, decimalOf(amount)]).toEqual([text, value])
    const { percentage } = told
    expect({ ...told, isTaken: !wrong.has(index * 2 + 2) }).toEqual({
      ...told,
      isTaken: percentage !== undefined,
    })
    if (percentage !== undefined) expect([text, decimalOf(percentage)]).toEqual([text, value])
  }
})

/** A number allowed in JSON: long, near the limits of a double, with an exponent. */
function literal(random: RandomNumbers): string {
  if (random.oneIn(8)) return random.pick(SPECIAL)
  const digits = (most: number) =>
    Array.from({ length: 1 + random.below(most) }, () => (random.oneIn(3) ? 0 : random.below(10))).join('')
  const sign = random.oneIn(8) ? '-' : ''
  const whole = random.oneIn(3) ? '0' : String(BigInt(digits(random.oneIn(3) ? 20 : 3)))
  const fraction = random.oneIn(2) ? '' : `.${digits(18)}`
  const exponent = random.oneIn(3) ? random.pick(['e', 'E', 'e+', 'e-']) + random.below(20) : ''
  return sign + whole + fraction + exponent
}

const SPECIAL = [
  ...['0', '-0', '0.0', '0e9', '1.0', '1e2', '100e-2', '1e400', '1e-400', '-1e400', '0e999999999'],
  ...['9007199254740991', '9007199254740992', '9007199254740993', '-9007199254740991', '9007199254740990.6'],
  ...['1.0000000000000001', '0.1', '0.30000000000000004', '33.3333333333333', '33.3333333333333333', '1e21'],
]

/** The digits and the power of ten of a number, which are the same for equal numbers. */
function decimalOf(text: string): { digits: bigint; exponent: number } {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? []
  const digits = `${whole}${fraction}`.replace(/0+$/, '')
  if (/^0*$/.test(digits)) return { digits: 0n, exponent: 0 }
  const dropped = whole.length + fraction.length - digits.length
  return { digits: BigInt(`${sign}${digits}`), exponent: Number(exponent) - fraction.length + dropped }
}

/** Whether a number is a safe integer. */
function isAmount({ digits, exponent }: ReturnType<typeof decimalOf>): boolean {
  if (exponent < 0 || exponent > 20) return false
  const value = digits * 10n ** BigInt(exponent)
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER
}
