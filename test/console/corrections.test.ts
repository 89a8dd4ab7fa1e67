import { expect, test } from 'vitest'
import { choose, describeConsole } from '../support/browser.js'
import { aProduct, file } from '../support/builders.js'

/** A product whose name is too short, as bytes of a line. */
const short = (attributes: object = {}) => Buffer.from(file(aProduct({ name: 'ab', ...attributes })))

describeConsole('Correcting rejected lines', (console) => {
  const aTab = async (content: Buffer) => {
    const { id } = await console.service.api.import(content)
    const { page } = await console.open(`/imports/${id}`)
    const correct = async (line: number) => {
      // A line may have several errors.
      await page
        .getByRole('button', { name: `Show line ${line}` })
        .first()
        .click()
      await page.getByRole('button', { name: `Correct line ${line}` }).click()
      return page.getByLabel(`Line ${line}, corrected`)
    }
    const bar = page.getByRole('region', { name: 'Corrected lines' })
    const send = async () => {
      await bar.getByRole('button', { name: /^Import / }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Import', exact: true }).click()
    }
    return { id, page, bar, correct, send }
  }

  test('takes the byte-order mark for the file’s, not for the first line’s', async () => {
    const { page, correct, bar } = await aTab(Buffer.concat([Buffer.from('\ufeff'), short()]))
    expect(await (await correct(1)).inputValue()).toMatch(/^\{\n/)
    await bar.getByText('1 corrected line', { exact: true }).waitFor()
    expect(await page.getByText('This is not JSON yet').count()).toBe(0)
  })

  test('waits until somebody has said what bytes mean that are not UTF-8', async () => {
    const [before = '', after = ''] = short({ description: 'Caf#', sku: '\ufffd' }).toString().split('#')
    const { page, correct, bar, send } = await aTab(
      Buffer.concat([
        Buffer.from(before),
        Buffer.from([0xe9]),
        Buffer.from(after),
        short({ sku: 'x\ufffd' }),
      ]),
    )
    const field = await correct(1)
    await page.getByText('� stands for bytes that are not UTF-8. Write what should be there.').waitFor()
    await bar.getByText('1 corrected line, not ready yet').waitFor()
    const text = (await field.inputValue()).replace('"ab"', '"Coffee"')
    await field.fill(text.replace('Caf\ufffd', 'Café').replace('"\ufffd"', '"\\ufffd"'))
    // A character that the file has is no such byte.
    const second = await correct(2)
    await second.fill((await second.inputValue()).replace('"ab"', '"Coffee too"'))
    await bar.getByText('2 corrected lines', { exact: true }).waitFor()
    await send()
    await page.getByText('All 2 records were imported.').waitFor()
    const { data } = (await console.service.api.get('/subscriptions/products')).body
    const seen = data.map(({ attributes: { description, sku } }: (typeof data)[0]) => [description, sku])
    expect(seen).toEqual([
      [undefined, 'x\ufffd'],
      ['Café', '\ufffd'],
    ])
  })

  test('takes no time for a long line of spaces', async () => {
    const { page, correct, send } = await aTab(short({ description: ' '.repeat(90_000) }))
    await correct(1)
    await send()
    await page.getByText('It has corrected lines of another import:').waitFor()
  })

  test('keeps what was corrected while the others were sent', async () => {
    const { page, bar, correct, send } = await aTab(Buffer.concat([short(), short()]))
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    await page.route('**/subscriptions/imports', async (route) => {
      if (route.request().method() === 'POST') await held
      await route.continue()
    })
    await correct(1)
    await send()
    await page.goBack()
    await correct(2)
    await bar.getByText('2 corrected lines', { exact: true }).waitFor()
    release()
    await bar.getByText('1 corrected line', { exact: true }).waitFor()
  })

  test('that could not be sent are sent again with the import that they are of, and no other file is', async () => {
    const { api } = console.service
    const { id, page, bar, correct, send } = await aTab(short())
    const fail = () =>
      page.route(
        '**/subscriptions/imports',
        (route) => (route.request().method() === 'POST' ? route.abort() : route.continue()),
        { times: 1 },
      )
    const fixes = async () => {
      await page.waitForURL(/\/imports\/(?!$)/)
      const [, made] = /\/imports\/(.+)$/.exec(page.url()) ?? []
      return (await api.get(`/subscriptions/imports/${made}`)).body.data.meta.fixes
    }
    const field = await correct(1)
    await field.fill((await field.inputValue()).replace('"ab"', '"Coffee"'))
    await fail()
    await send()
    await page.getByText('Nothing was imported.').waitFor()
    await page.getByRole('button', { name: 'Import', exact: true }).click()
    expect(await fixes()).toBe(id)
    await page.getByText('It has corrected lines of another import:').getByRole('link').click()
    await page.waitForURL(`**/imports/${id}`)
    await page.getByText('Rejected lines were corrected and imported:').waitFor()
    expect(await bar.count()).toBe(0)
    await correct(1)
    await fail()
    await send()
    await page.getByText('Nothing was imported.').waitFor()
    await choose(page, 'other.jsonl', file(aProduct()))
    await page.getByRole('button', { name: 'Import', exact: true }).click()
    expect(await fixes()).toBeUndefined()
  })
})
