import { expect, test } from 'vitest'
import { anOffering, aProduct, file } from '../../support/builders.js'
import { newStoreEach, testService } from '../../support/service.js'

// Not shared: tables refuse rows.
const service = testService({ LOG_LEVEL: 'error' })
const api = newStoreEach(service)

test.each(['import_changes', 'offering_products', 'import_errors'])(
  'An import whose rows %s refuses is a fault, counted as one; it is tried again later, and goes on where it was',
  async (table) => {
    await api.import(file(aProduct({ external_ref: 'p', name: 'Before' })))
    await service.pool.query(`alter table ${table} add constraint refused check (owner_id is null) not valid`)
    const lines = file(
      aProduct({ external_ref: 'p', name: 'After' }),
      anOffering({ products: ['p'] }),
      'garbage',
    )
    const { id } = await api.create(lines, { onConflict: table === 'import_changes' ? 'update' : 'skip' })
    const attempts = async () =>
      (await service.pool.query('select attempts from imports where id = $1', [id])).rows[0].attempts
    await expect.poll(attempts).toBeGreaterThan(0)
    const log = service.server.stderr().split('\n')
    const interrupted = log.find((line) => line.includes(id) && line.includes('import interrupted'))
    expect(JSON.parse(interrupted ?? '{}')).toMatchObject({ outage: false, err: { code: '23514' } })

    await service.pool.query(`alter table ${table} drop constraint refused`)
    const { attributes, meta } = await api.finished(id)
    expect(attributes.status).toBe('success')
    expect(meta).toMatchObject({ errors: 1, records: { imported: { subscription_offering: 1 } } })
  },
)
