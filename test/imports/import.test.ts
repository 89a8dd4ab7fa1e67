import { describe, expect, test } from 'vitest'
import { anOffering, aPlan, aProduct, aSubscriber, counts, file } from '../support/builders.js'
import { testService } from '../support/service.js'

const service = testService()

describe('POST /subscriptions/imports', () => {
  test('answers 201 with the pending import, with its uploaded counts already complete', async () => {
    const { status, headers, body } = await service.api.upload(
      file(aProduct(), aPlan(), aSubscriber(), anOffering()),
    )
    expect(status).toBe(201)
    expect(headers.get('location')).toBe(`/subscriptions/imports/${body.data.id}`)
    expect(body.data.attributes.status).toBe('pending')
    expect(body.data.meta.records.uploaded).toEqual(counts(1, 1, 1, 1))
    expect((await service.api.finished(body.data.id)).meta.records.imported).toEqual(counts(1, 1, 1, 1))
  })
})
