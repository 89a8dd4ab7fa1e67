import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { openAsBlob } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { mistakes } from './examples-mistakes.js'

const path = (relative: string) => fileURLToPath(new URL(`../${relative}`, import.meta.url))
const untilReady = { timeout: 60_000, interval: 20 }

let intake: Awaited<ReturnType<typeof startIntake>>
beforeAll(async () => {
  intake = await startIntake()
}, untilReady.timeout)
afterAll(() => intake.stop())

describe('examples/catalogue.jsonl', () => {
  it('is imported whole', async () => {
    const { status, records, errors, file, told } = await importExample('catalogue.jsonl')
    expect(status).toBe('success')
    expect(records.uploaded).toEqual(counts(47, 22, 99, 32, 6, 13))
    expect(records.imported).toEqual(records.uploaded)
    expect(errors).toBe(0)
    expect(file.lines).toBe(219)
    expect(told).toEqual([])
  })
})

describe('examples/mistakes.jsonl', () => {
  let report: Awaited<ReturnType<typeof importExample>>
  beforeAll(async () => {
    report = await importExample('mistakes.jsonl')
  }, untilReady.timeout)

  it('is processed to the end despite its mistakes', () => {
    expect(report.status).toBe('success')
  })

  it('has exact counts', () => {
    expect(report.records.uploaded).toEqual(counts(51, 26, 13, 25, 0, 17))
    expect(report.records.imported).toEqual(counts(12, 4, 2, 3, 0, 3))
    expect(report.errors).toBe(152)
    expect(report.file.lines).toBe(169)
  })

  it('has a line for every entry of the table', () => {
    expect(mistakes).toHaveLength(report.file.lines)
    expect(mistakes.flatMap(([, told]) => told)).toHaveLength(report.errors)
  })

  it.each(mistakes.map(([what, told], index) => [index + 1, what, told] as const))(
    'line %i: %s',
    (line, _what, told) => {
      const ofLine = report.told.filter(({ line_number }) => line_number === line)
      expect(ofLine.map(({ field, error }) => [field, error])).toEqual(told)
    },
  )
})

const counts = (
  product: number,
  plan: number,
  subscriber: number,
  offering: number,
  feature: number,
  subscription: number,
) => ({
  subscription_product: product,
  subscription_plan: plan,
  subscription_subscriber: subscriber,
  subscription_offering: offering,
  subscription_feature: feature,
  subscription,
})

interface ImportAnswer {
  readonly data: {
    readonly id: string
    readonly attributes: { readonly status: string }
    readonly meta: {
      readonly records: Readonly<Record<'uploaded' | 'imported', Readonly<Record<string, number>>>>
      readonly errors: number
      readonly file: { readonly lines: number }
    }
  }
}

interface Told {
  readonly line_number: number
  readonly field: string
  readonly error: string
}

/** Posts an example and waits for its end; returns the import with every error of its report, in order. */
async function importExample(name: string) {
  const form = new FormData()
  form.append('import_file', await openAsBlob(path(`examples/${name}`)), name)
  const created = await intake.ask('', { method: 'POST', body: form })
  const { data } = (await created.json()) as ImportAnswer
  const { attributes, meta } = await vi.waitFor(async () => {
    const { data: now } = (await (await intake.ask(`/${data.id}`)).json()) as ImportAnswer
    expect(now.attributes.status).toMatch(/^(success|failed)$/)
    return now
  }, untilReady)
  const report = await intake.ask(`/${data.id}/errors`, { headers: { accept: 'application/jsonl' } })
  const lines = (await report.text()).split('\n').slice(0, -1)
  return {
    ...meta,
    status: attributes.status,
    told: lines.map((line) => (JSON.parse(line) as { meta: Told }).meta),
  }
}

/** The built service, on any free port and with its own data directory. */
async function startIntake() {
  const dataDir = join(tmpdir(), `intake-examples-${randomUUID()}`)
  const service = spawn(process.execPath, [path('dist/cli.js'), 'serve'], {
    env: { PATH: process.env.PATH, PORT: '0', DATA_DIR: dataDir, LOG_LEVEL: 'warn' },
  })
  let said = ''
  for (const stream of [service.stdout, service.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      said += text
    })
  }
  const [, url, key] = await vi.waitFor(() => {
    const ready = /^listening on (\S+)\nAPI key: (\S+)\n/m.exec(said)
    if (!ready) throw new Error(`intake is not ready; it said: ${said}`)
    return ready
  }, untilReady)
  return {
    ask(route: string, { headers, ...init }: RequestInit = {}) {
      const authorization = `Bearer ${key}`
      return fetch(`${url}/subscriptions/imports${route}`, {
        ...init,
        headers: { ...headers, authorization },
      })
    },
    async stop() {
      const ended = once(service, 'exit')
      service.kill('SIGTERM')
      await ended
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
