import { existsSync } from 'node:fs'
import axe from 'axe-core'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { type TestService, testService } from './service.js'

/**
 * The browser that the console's tests drive: CHROMIUM, or else the usual locations. Undefined: there is
 * none, and the tests are skipped; continuous integration installs it and sets CHROMIUM.
 */
const executablePath =
  process.env.CHROMIUM ??
  ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
    existsSync(path),
  )

if (executablePath === undefined) {
  process.stderr.write(
    'There is no Chromium, so the tests of the console are skipped. CHROMIUM may name one.\n',
  )
}

export const WIDTHS = { desktop: 1280, phone: 390 } as const
export type Device = keyof typeof WIDTHS
export type Scheme = 'light' | 'dark'

interface TabOptions {
  readonly device?: Device
  readonly scheme?: Scheme
}

/** A tab of the browser, with its complaints. */
export interface Tab {
  readonly page: Page
  /** Errors and warnings of the page, and requests to other hosts. Error responses do not count. */
  readonly complaints: string[]
}

export interface Console {
  readonly service: TestService
  /** A new, isolated tab, with no page yet. */
  tab(options?: TabOptions): Promise<Tab>
  /** A new tab, signed in by the link that the service prints, at a path. */
  open(path: string, options?: TabOptions): Promise<Tab>
}

/** Tests with their own service and browser; after each, no tab may have complained. */
export function describeConsole(name: string, tests: (console: Console) => void): void {
  describe.skipIf(executablePath === undefined)(name, () => {
    const service = testService()
    let browser: Browser
    const tabs: Tab[] = []
    beforeAll(async () => {
      browser = await chromium.launch({
        ...(executablePath !== undefined && { executablePath }),
        // Chromium's own sandbox does not run as root.
        args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
      })
    })
    afterAll(async () => {
      await browser?.close()
      expect(tabs.flatMap(({ complaints }) => complaints)).toEqual([])
    })

    const tab = async ({ device = 'desktop', scheme = 'light' }: TabOptions = {}): Promise<Tab> => {
      const context = await browser.newContext({
        viewport: { width: WIDTHS[device], height: 844 },
        colorScheme: scheme,
        reducedMotion: 'reduce',
        locale: 'en-GB',
        timezoneId: 'UTC',
      })
      const page = await context.newPage()
      const complaints: string[] = []
      page.on('pageerror', (error) => complaints.push(String(error)))
      page.on('console', (message) => {
        const isComplaint = message.type() === 'error' || message.type() === 'warning'
        if (isComplaint && !message.text().startsWith('Failed to load resource'))
          complaints.push(message.text())
      })
      page.on('request', (request) => {
        const { protocol, hostname } = new URL(request.url())
        if (protocol !== 'blob:' && hostname !== '127.0.0.1') complaints.push(`a request to ${request.url()}`)
      })
      const made = { page, complaints }
      tabs.push(made)
      return made
    }
    tests({
      service,
      tab,
      async open(path, options) {
        const made = await tab(options)
        await made.page.goto(linkOf(service, path))
        await made.page.getByRole('button', { name: 'Sign out' }).waitFor()
        return made
      },
    })
  })
}

/** The link that signs in: at `/`, the one that the service prints. */
export const linkOf = ({ server }: TestService, path = '/'): string =>
  `${server.url}${path}#key=${encodeURIComponent(server.apiKey)}`

/**
 * What axe finds wrong with what the page shows: rule, and where.
 *
 * @param rules to look at; undefined: all
 */
export async function violations(page: Page, rules?: readonly string[]): Promise<string[]> {
  if (!(await page.evaluate(`'axe' in globalThis`))) await page.evaluate(axe.source)
  const options = rules ? { runOnly: { type: 'rule', values: rules } } : {}
  const found = (await page.evaluate(`axe.run(${JSON.stringify(options)})`)) as axe.AxeResults
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  )
}

/** Shows the page in a scheme of colours, as if the system's had been changed while it is open. */
export async function switchTo(page: Page, scheme: Scheme): Promise<void> {
  await page.emulateMedia({ colorScheme: scheme })
  await page.locator(`html[data-mantine-color-scheme=${scheme}]`).waitFor({ state: 'attached' })
  // Half-way between two schemes colours are neither's.
  await page.evaluate(
    'document.getAnimations().filter((one) => one instanceof CSSTransition).forEach((one) => one.finish())',
  )
}

/** How far the page can be scrolled sideways, in pixels. */
export const sidewaysScroll = (page: Page): Promise<number> =>
  page.evaluate('Math.max(0, document.documentElement.scrollWidth - innerWidth)')

/** Makes every page opened from now on add up its layout shifts. */
export const watchShifts = (page: Page) =>
  page.addInitScript(`
    globalThis.shifts = 0
    new PerformanceObserver((list) => {
      for (const { value } of list.getEntries()) globalThis.shifts += value
    }).observe({ type: 'layout-shift', buffered: true })`)

/**
 * How much the layout has shifted: the shares of the window that moved, times how far (the Layout Instability
 * API).
 */
export const shifts = (page: Page): Promise<number> => page.evaluate('globalThis.shifts')

/** Chooses a file on the page for a new import. */
export async function choose(page: Page, name: string, content: string | Buffer): Promise<void> {
  const buffer = Buffer.from(content)
  await page
    .getByLabel('File', { exact: true })
    .setInputFiles({ name, mimeType: 'application/jsonl', buffer })
}

/** Imports the chosen file, without a rehearsal. */
export async function importForReal(page: Page): Promise<void> {
  await page.getByRole('switch', { name: 'Rehearse first' }).uncheck()
  await page.getByRole('button', { name: 'Import', exact: true }).click()
}
