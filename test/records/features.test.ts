import { describe, expect, test } from 'vitest'
import type { RecordResource } from '../support/api.js'
import { aFeature, anOffering, anOfferingAlone, counts, file } from '../support/builders.js'
import { expectErrors } from '../support/errors.js'
import { newStoreEach, testService } from '../support/service.js'

const store = newStoreEach(testService())

const library = aFeature({ external_ref: 'library' })
const reading = aFeature({
  external_ref: 'reading',
  name: 'Ten articles',
  configuration: { type: 'usage', tag: 'articles', label: 'Articles', default_value: 10 },
})

const namesOf = (records: readonly RecordResource[]) => records.map(({ attributes: { name } }) => name)

describe('The features of an offering', () => {
  test('are those that its line names, wherever they stand, and those that it has within', async () => {
    const within = aFeature({ name: 'Members’ evening' }).data.attributes
    const offering = anOffering({ external_ref: 'box', features: ['library', within, 'reading'] })
    const { meta } = await store.import(file(offering, library, reading))
    expect(meta.records.imported).toEqual(counts(0, 0, 0, 1, 2))

    const { data, included } = (
      await store.get('/subscriptions/offerings?filter=eq(external_ref,box)&include=features')
    ).body
    expect(namesOf(included.features)).toEqual(['Library', 'Members’ evening', 'Ten articles'])
    expect(included.features[2].attributes).toMatchObject({
      external_ref: 'reading',
      configuration: { type: 'usage', tag: 'articles', label: 'Articles', default_value: 10 },
    })
    expect(data[0].relationships.features).toEqual({
      data: included.features.map(({ id }: RecordResource) => ({
        id,
        type: 'subscription_offering_feature',
      })),
      links: { related: `/subscriptions/offerings/${data[0].id}/features` },
    })
  })

  test.each([
    ['absent', undefined],
    ['null', null],
    ['an empty list', []],
  ])('may be %s', async (_, features) => {
    const { meta } = await store.import(file(anOffering({ features })))
    expect(meta.errors).toBe(0)
    const [offering] = await store.read<RecordResource[]>('/subscriptions/offerings')
    expect(await store.read(`/subscriptions/offerings/${offering?.id}/features`)).toEqual([])
  })

  test('that are wrong are told as those of products and plans are', async () => {
    const long = Array.from({ length: 1001 }, () => 'library')
    expect(
      await store.complaints(
        file(
          library,
          anOffering({ features: 'library' }),
          anOffering({ features: ['no-such'] }),
          anOffering({ features: ['library', 'library'] }),
          anOffering({ features: long }),
          anOffering({ features: [aFeature({ name: 'x' }).data.attributes] }),
        ),
      ),
    ).toEqual([
      [2, 'features', 'features must be a list'],
      [3, 'features[0]', 'feature "no-such" was not found'],
      [4, 'features[1]', 'feature "library" is already named by features[0]'],
      [5, 'features', 'features must not have more than 1000 elements'],
      [6, 'features[0].name', 'features[0].name must be at least 3 characters'],
    ])
  })

  test('are attached, changed and detached like its plans, and a change leaves the original alone', async () => {
    const { id: featureId } = await store.add(library)
    const { id } = await store.add(anOfferingAlone())
    const path = `/subscriptions/offerings/${id}/features`

    const attached = await store.post(`${path}/attach`, { data: { features: [featureId] } })
    expect(attached.status).toBe(200)
    const [{ id: snapshotId }] = attached.body.data

    const attributes = { name: 'The whole library', configuration: { type: 'access', tag: 'all' } }
    const changed = await store.put(`${path}/${snapshotId}`, {
      data: { type: 'subscription_offering_feature', id: snapshotId, attributes },
    })
    expect(changed.body.data.attributes).toMatchObject(attributes)
    expect((await store.get(`/subscriptions/features/${featureId}`)).body.data.attributes).toMatchObject(
      library.data.attributes,
    )

    const conflict = await store.delete(`/subscriptions/features/${featureId}`)
    const detail = 'The feature is attached to an offering; detach it first.'
    expectErrors(conflict, 409, [{ title: 'Write Conflict', detail, meta: { offering_id: id } }])
    expect((await store.delete(`${path}/${snapshotId}`)).status).toBe(204)
    expect((await store.delete(`/subscriptions/features/${featureId}`)).status).toBe(204)
  })
})

test('Features are filtered by their tag, and offerings by the external_refs of their features', async () => {
  const promotions = [{ name: 'Ten percent', tag: 'ten' }]
  await store.import(
    file(
      library,
      reading,
      aFeature({ name: 'Discounts', configuration: { type: 'promotion', promotions } }),
      anOffering({ name: 'With', features: ['library'] }),
      anOffering({ name: 'Without' }),
    ),
  )
  const found = async (list: string, filter: string) =>
    namesOf(await store.read(`/subscriptions/${list}?filter=${encodeURIComponent(filter)}`)).sort()
  expect(await found('features', 'eq(tag,library)')).toEqual(['Library'])
  expect(await found('features', 'in(tag,library,articles)')).toEqual(['Library', 'Ten articles'])
  expect(await found('features', 'like(tag,art*)')).toEqual(['Ten articles'])
  expect(await found('offerings', 'eq(features.external_ref,library)')).toEqual(['With'])
})
