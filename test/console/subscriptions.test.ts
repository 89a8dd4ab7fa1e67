import { expect, test } from 'vitest'
import { describeConsole } from '../support/browser.js'
import {
  aFeature,
  anInlineSubscription,
  anOffering,
  aPlan,
  aProduct,
  aState,
  aSubscription,
  file,
} from '../support/builders.js'

const coffee = anOffering({
  external_ref: 'coffee',
  name: 'A box of coffee',
  plans: [
    aPlan({ external_ref: 'monthly', name: 'Every month' }).data.attributes,
    aPlan({ external_ref: 'yearly', name: 'Every year' }).data.attributes,
  ],
  features: [
    aFeature({ name: 'The reading room', configuration: { type: 'access', tag: 'reading' } }).data.attributes,
  ],
})

const subscribed = (attributes: Record<string, unknown>) =>
  aSubscription({ selected_plan: 'yearly', ...attributes })

describeConsole('Subscriptions and features', (console) => {
  test('are listed with what matters, searched by e-mail and filtered by status', async () => {
    await console.service.api.import(
      file(
        coffee,
        subscribed({
          name: 'Ada Example',
          external_ref: 'ada',
          email: 'ada@example.com',
          first_invoice_paid: true,
          started_at: '2025-01-31T12:00:00Z',
        }),
        subscribed({ name: 'Bo Example', email: 'bo@example.org', paused_at: '2025-01-31T12:00:00Z' }),
      ),
    )
    const { page } = await console.open('/records/subscriptions')
    const row = (name: string) => page.getByRole('row', { name: new RegExp(`^${name}`) })
    const cells = row('Ada').getByRole('cell')
    await expect
      .poll(async () => (await cells.allTextContents()).slice(0, 6))
      .toEqual(['Ada Example', 'ada', 'ada@example.com', 'A box of coffee', 'Active', '28 Feb 2025'])
    expect(await row('Bo').getByRole('cell').nth(4).textContent()).toBe('InactivePaused')

    await page.getByRole('combobox', { name: 'Status' }).click()
    await page.getByRole('option', { name: 'Inactive' }).click()
    await row('Ada').waitFor({ state: 'hidden' })
    await page.reload()
    await row('Bo').waitFor()
    await page.getByRole('combobox', { name: 'Search by' }).click()
    await page.getByRole('option', { name: 'E-mail' }).click()
    await page.getByLabel('Search for').fill('EXAMPLE.COM')
    await page.getByText('No subscriptions match').waitFor()
    await page.getByRole('button', { name: 'Show all subscriptions' }).click()
    await row('Ada').waitFor()
    await row('Bo').waitFor()
  })

  test('a subscription says how it stands, what it is of, and what was done to it', async () => {
    const { api } = console.service
    const offering = await api.add(
      anOffering({ ...coffee.data.attributes, external_ref: 'tea', name: 'Tea' }),
    )
    const { id } = await api.add(
      subscribed({
        name: 'Cy Example',
        offering_external_ref: 'tea',
        manual_payments: true,
        payment_authority: { type: 'authorize_net', customer_profile_id: 'profile-to-hide' },
        first_invoice_paid: true,
        started_at: '2025-01-31T12:00:00Z',
      }),
    )
    for (const action of ['pause', 'resume', 'cancel']) {
      await api.post(`/subscriptions/subscriptions/${id}/states`, aState(action))
    }
    const { page } = await console.open(`/records/subscriptions/${id}`)
    await page.getByRole('heading', { name: '3 actions' }).waitFor()
    const actions = page.getByRole('table', { name: 'Actions' }).getByRole('row')
    await expect
      .poll(async () =>
        (await actions.allTextContents()).map((text) => /^(Action|[a-z]+?)(?=D|\d)/.exec(text)?.[0]),
      )
      .toEqual(['Action', 'pause', 'resume', 'cancel'])

    await page.getByText('Canceled', { exact: true }).first().waitFor()
    const fact = (name: string) =>
      page.locator('.facts > div', { has: page.getByText(name, { exact: true }) }).locator('dd')
    expect(await fact('Next invoice').textContent()).toContain('28 Feb 2025, 12:00:00 UTC')
    expect(await fact('First invoice prepaid').textContent()).toBe('yes')
    expect(await fact('Manual payments').textContent()).toBe('yes')
    for (const name of ['Went live', 'Resumed', 'End date']) {
      expect(await fact(name).textContent()).toContain('UTC')
    }
    const plans = page.getByRole('table', { name: 'Plans' })
    await plans.getByRole('row', { name: 'Every year' }).getByText('Active plan').waitFor()
    expect(await plans.getByText('Active plan').count()).toBe(1)
    const text = (await page.getByRole('main').textContent()) ?? ''
    expect(text).not.toMatch(/profile-to-hide|payment authority/i)

    await page.getByRole('link', { name: 'Tea', exact: true }).click()
    await page.waitForURL(`**/records/offerings/${offering.id}`)
    await page.getByRole('row', { name: 'The reading room' }).getByText('reading', { exact: true }).waitFor()

    await api.delete(`/subscriptions/offerings/${offering.id}`)
    await page.goto(`${console.service.server.url}/records/subscriptions/${id}`)
    await page.waitForResponse((answer) => answer.url().includes('/subscriptions/offerings?'))
    await page.getByText('Tea', { exact: true }).waitFor()
    expect(await page.getByRole('link', { name: 'Tea', exact: true }).count()).toBe(0)
  })

  test('a subscription without an original offering leads nowhere', async () => {
    const { id } = await console.service.api.add(anInlineSubscription({ offering: { name: 'By telephone' } }))
    const { page } = await console.tab()
    const answered = page.waitForResponse((answer) => answer.url().includes('/subscriptions/offerings?'))
    const { server } = console.service
    await page.goto(`${server.url}/records/subscriptions/${id}#key=${server.apiKey}`)
    await answered
    await page.getByText('By telephone', { exact: true }).waitFor()
    expect(await page.getByRole('link', { name: 'By telephone' }).count()).toBe(0)
    await page.getByText('No actions yet').waitFor()
  })

  test('features show their kind and tags, and are searched by tag', async () => {
    await console.service.api.import(
      file(
        aFeature({ name: 'Archive', configuration: { type: 'access', tag: 'archive' } }),
        aFeature({
          name: 'Gifts',
          configuration: {
            type: 'promotion',
            promotions: [
              { name: 'Half price', tag: 'half' },
              { name: 'Free delivery', tag: 'free' },
            ],
          },
        }),
      ),
    )
    const { page } = await console.open('/records/features')
    const cells = (name: string) => page.getByRole('row', { name }).getByRole('cell').allTextContents()
    await expect.poll(async () => (await cells('Archive')).slice(2, 4)).toEqual(['access', 'archive'])
    expect((await cells('Gifts')).slice(2, 4)).toEqual(['promotion', 'half, free'])
    await page.getByRole('link', { name: 'Gifts' }).click()
    await page.getByText('Promotion: tag half, name Half price').waitFor()
    await page.getByRole('link', { name: 'All features' }).click()
    await page.getByRole('combobox', { name: 'Search by' }).click()
    await page.getByRole('option', { name: 'Tag' }).click()
    await page.getByLabel('Search for').fill('arch')
    await page.getByRole('link', { name: 'Gifts' }).waitFor({ state: 'hidden' })
    await page.getByRole('link', { name: 'Archive' }).waitFor()
  })

  test('an import counts the records of all six types', async () => {
    const { id } = await console.service.api.import(
      file(
        aProduct(),
        aPlan(),
        aFeature(),
        anInlineSubscription(),
        anInlineSubscription({ currency: 'euro' }),
      ),
    )
    const { page } = await console.open(`/imports/${id}`)
    const table = page.getByRole('table', { name: 'Records by type' })
    await expect.poll(() => table.getByRole('row').count()).toBe(7)
    const row = table.getByRole('row', { name: /^Subscriptions/ }).getByRole('cell')
    expect(await row.allTextContents()).toEqual(['Subscriptions', '', '2', '1', '1'])
    await page.getByText('4 of 5 records were imported; 1 was rejected.').waitFor()
  })
})
