import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { describeConsole } from '../support/browser.js'
import type { TestService } from '../support/service.js'

/** An import that nobody runs until its lease ends: the test itself moves it on. */
async function anImportUnderWay({ pool }: TestService, reference: string, uploaded: number) {
  const id = randomUUID()
  await pool.query(
    `insert into imports (id, owner_id, external_ref, status, started_at, upload_store, upload_key,
       file_bytes, file_lines, file_sha256, max_line_bytes, lease_expires_at)
     select $1, id, $3, 'started', now(), 'none', 'none', 1000, $2, '\\x00', 1000, now() + interval '1 hour'
     from owners where kind = 'store' limit 1`,
    [id, uploaded, reference],
  )
  await pool.query(
    "insert into import_counts (import_id, type, uploaded) values ($1, 'subscription_product', $2)",
    [id, uploaded],
  )
  return {
    id,
    /** The checkpoint moves with the records. */
    setImported: (count: number) =>
      pool.query(
        `with changed as (
           update imports set updated_at = now(), checkpoint_bytes = file_bytes * $2 / $3 where id = $1)
         update import_counts set imported = $2 where import_id = $1`,
        [id, count, uploaded],
      ),
    set: (column: string, value: unknown) =>
      pool.query(`update imports set ${column} = $2, updated_at = now() where id = $1`, [id, value]),
  }
}

describeConsole('An import that runs', (console) => {
  test('shows its progress, its speed and the time left; then how it ended', async () => {
    const job = await anImportUnderWay(console.service, 'nightly', 10_000)
    const { page } = await console.open(`/imports/${job.id}`)
    await page.getByRole('heading', { name: 'nightly' }).waitFor()
    await page.getByText('Running').waitFor()
    await page.getByText('No errors so far').waitFor()
    const pace = page.getByText(/\d records a second · .* so far · about \d+(\.\d)? (s|min).* left/)
    for (let imported = 100; !(await pace.isVisible()); imported += 100) {
      await job.setImported(imported)
      await sleep(100)
    }
    const before = await page.getByRole('heading', { name: 'Records by type' }).boundingBox()
    await job.setImported(10_000)
    await job.set('finished_at', new Date())
    await job.set('status', 'success')
    await page.getByText('All 10,000 records were imported.').waitFor()
    await page.getByText('No errors').waitFor()
    expect(await page.getByRole('heading', { name: 'Records by type' }).boundingBox()).toEqual(before)
  })

  test('is updated in the list, and can be filtered by status and reference', async () => {
    const job = await anImportUnderWay(console.service, 'nightly again', 2000)
    const { page } = await console.open('/imports?reference=night')
    const row = page.getByRole('row', { name: 'Running' })
    await row.waitFor()
    await job.setImported(1234)
    await row.getByText('1,234 of 2,000').waitFor()
    await page.getByRole('combobox', { name: 'Status' }).click()
    await page.getByRole('option', { name: 'Running' }).click()
    await expect.poll(() => page.getByRole('row').count()).toBe(2)
    await page.getByLabel('Reference').fill('weekly')
    await page.getByText('No imports match').waitFor()
    expect(new URL(page.url()).search).toBe('?reference=weekly&status=started')
    await page.getByRole('button', { name: 'Show all imports' }).click()
    await expect.poll(() => page.getByRole('row').count()).toBe(3)
    await job.set('status', 'failed')
    await job.set('failure_reason', 'canceled')
    await page.getByText('Canceled', { exact: true }).waitFor()
  })

  test('says that it waits for the server while that is away', async () => {
    const job = await anImportUnderWay(console.service, 'far away', 10_000)
    await job.setImported(4000)
    const { page } = await console.open(`/imports/${job.id}`)
    await page.getByText(/^40% · /).waitFor()
    await page.route('**/subscriptions/imports/**', (route) => route.abort())
    await page.getByText('40% · waiting for the server', { exact: true }).waitFor()
    await page.unrouteAll()
    await page.getByText(/^40% · .* so far$/).waitFor()
  })
})
