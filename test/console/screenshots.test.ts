import { mkdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Device, describeConsole, type Scheme } from '../support/browser.js'
import { aProduct, times } from '../support/builders.js'

/**
 * The pictures in README and docs. Taken by `npm run screenshots`, which sets SCREENSHOTS; otherwise they
 * would change every day.
 */
const FOLDER = fileURLToPath(new URL('../../docs/screenshots/', import.meta.url))

const example = (name: string) => readFile(new URL(`../../examples/${name}`, import.meta.url))

describe.skipIf(!process.env.SCREENSHOTS)('Screenshots', () => {
  describeConsole('are taken', (console) => {
    const ids: Record<string, string> = {}
    beforeAll(async () => {
      await mkdir(FOLDER, { recursive: true })
      const { api } = console.service
      const catalogue = await example('catalogue.jsonl')
      ids.catalogue = (await api.import(catalogue, { fileName: 'catalogue.jsonl' })).id
      ids.import = (await api.import(await example('mistakes.jsonl'), { fileName: 'mistakes.jsonl' })).id
      await api.import(
        times(20_000, (index) => aProduct({ name: `Tea ${index}`, external_ref: `tea-${index}` })),
        { fileName: 'teas.jsonl' },
      )
      const dearer = catalogue.toString().replaceAll(/(?<="amount":\d+)00\b/g, '90')
      const options = { dryRun: true, onConflict: 'update', fileName: 'spring.jsonl' } as const
      ids.changes = (await api.import(dearer, options)).id
      const filter = 'eq(external_ref,box-office)'
      const offerings = await api.read<{ id: string }[]>(`/subscriptions/offerings?filter=${filter}`)
      ids.offering = offerings[0]?.id ?? ''
      const chosen = '/subscriptions/subscriptions?filter=eq(external_ref,sub-7001)'
      ids.subscription = (await api.read<{ id: string }[]>(chosen))[0]?.id ?? ''
    })

    interface Shot {
      readonly name: string
      readonly look?: { readonly device?: Device; readonly scheme?: Scheme }
      path(): string
      readonly ready: string
      prepare?(page: Page): Promise<void>
    }
    const imports = { path: () => '/imports', ready: 'mistakes' }
    const one = { path: () => `/imports/${ids.import}`, ready: 'the line is not valid JSON' }
    const shots: readonly Shot[] = [
      { name: 'imports', ...imports },
      { name: 'imports-phone', look: { device: 'phone' }, ...imports },
      { name: 'new-import', path: () => '/new', ready: 'Drop a file here', prepare: chooseMistakes },
      { name: 'import', ...one },
      { name: 'import-dark', look: { scheme: 'dark' }, ...one },
      {
        name: 'changes',
        path: () => `/imports/${ids.changes}`,
        ready: '→',
        prepare: (page) => scrollTo(page, /changed$/),
      },
      {
        name: 'correcting',
        path: () => `/imports/${ids.import}?code=too_short`,
        ready: 'must be at least',
        prepare: correct,
      },
      {
        name: 'undo',
        path: () => `/imports/${ids.catalogue}`,
        ready: 'No errors',
        prepare: async (page) => {
          await page.getByRole('button', { name: 'Undo import' }).click()
          await page.getByText('that this import added will be removed').waitFor()
        },
      },
      {
        name: 'offering',
        path: () => `/records/offerings/${ids.offering}`,
        ready: 'Price in this offering',
      },
      {
        name: 'subscription',
        path: () => `/records/subscriptions/${ids.subscription}`,
        ready: 'Active plan',
      },
    ]

    /** Moves a heading to the top of the window. */
    async function scrollTo(page: Page, heading: RegExp) {
      const { y = 0 } = (await page.getByRole('heading', { name: heading }).boundingBox()) ?? {}
      await page.evaluate(`scrollBy(0, ${y - 20})`)
    }

    async function correct(page: Page) {
      await page
        .getByRole('button', { name: /^Show line/ })
        .first()
        .click()
      await page
        .getByRole('button', { name: /^Correct line/ })
        .first()
        .click()
      await scrollTo(page, /errors$/)
    }

    async function chooseMistakes(page: Page) {
      const buffer = await example('mistakes.jsonl')
      await page
        .getByLabel('File', { exact: true })
        .setInputFiles({ name: 'mistakes.jsonl', mimeType: '', buffer })
    }

    test.each(shots)('$name', async ({ name, look, path, ready, prepare }) => {
      const { page } = await console.open('/', look)
      await page.goto(`${console.service.server.url}${path()}`)
      await page.getByRole('main').getByText(ready).first().waitFor()
      await prepare?.(page)
      const png = await page.screenshot({ path: `${FOLDER}${name}.png` })
      expect(png.length).toBeLessThan(200_000)
    })
  })
})
