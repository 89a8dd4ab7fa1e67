import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Address, postFile } from '../client.js'
import { checkpoint, databaseOf, withConnection, withDatabase } from '../database.js'
import { withDirectus } from '../directus.js'
import { grouped } from '../format.js'
import { generateRecords } from '../generate.js'
import { withFreshServer } from '../server.js'
import { withTempFolder } from '../temp-folder.js'
import type { Context, Trial } from '../trial.js'

const DATABASE = 'directus'
const COLLECTION = 'products'

/** The columns of our products, with an index for each filter. */
const fields = [
  { field: 'id', type: 'uuid', meta: { special: ['uuid'] }, schema: { is_primary_key: true } },
  { field: 'external_ref', type: 'string', schema: { is_unique: true, max_length: 2048 } },
  { field: 'name', type: 'string', schema: { is_nullable: false, is_indexed: true, max_length: 1024 } },
  { field: 'description', type: 'text' },
  { field: 'sku', type: 'string', schema: { is_indexed: true, max_length: 1024 } },
  { field: 'main_image', type: 'string', schema: { max_length: 1024 } },
  { field: 'price', type: 'json', meta: { special: ['cast-json'] } },
  { field: 'price_units_unit', type: 'string' },
  { field: 'price_units_amount', type: 'bigInteger' },
  { field: 'created_at', type: 'timestamp', meta: { special: ['date-created'] } },
  { field: 'updated_at', type: 'timestamp', meta: { special: ['date-updated'] } },
]

/**
 * Products as a JSON array, posted to the import of Directus into a collection of such columns, from the first
 * byte of the request until its answer, which comes when they are committed.
 */
export const directusTrial = (records: number): Trial<{ readonly seconds: number }> => ({
  name: 'Directus',
  records,
  async prepare(context) {
    await productsFile(context, records)
  },
  async measure(context) {
    const path = await productsFile(context, records)
    // The embedded server of the service, so that its settings are the same.
    return withFreshServer(async (server) => {
      await withDatabase(server, (client) => client.query(`create database ${DATABASE} template template0`))
      const connection = { ...(await databaseOf(server.dataDir)), database: DATABASE }
      if (!('host' in connection)) throw new Error('The embedded database is reached by a socket.')
      return withTempFolder((folder) =>
        withDirectus(connection, folder, async (directus) => {
          await createCollection(directus)
          await checkpoint(server)
          const part = { path, field: 'file', filename: 'products.json', contentType: 'application/json' }
          const start = performance.now()
          const url = `${directus.url}/utils/import/${COLLECTION}`
          const { status, body } = await postFile(url, directus.apiKey, part, context.signal)
          const seconds = (performance.now() - start) / 1000
          if (status !== 200) throw new Error(`Directus answered ${status}: ${body}`)
          const { rows } = await withConnection({ ...connection, schema: 'public' }, (client) =>
            client.query<{ count: number }>(`select count(*)::integer as count from ${COLLECTION}`),
          )
          const added = rows[0]?.count ?? 0
          if (added !== records) {
            throw new Error(`Directus added ${grouped(added)} products; ${grouped(records)} were due.`)
          }
          return { seconds }
        }),
      )
    })
  },
})

function productsFile({ folder, once }: Context, records: number): Promise<string> {
  const name = `${records}-products.json`
  return once(name, async () => {
    const items = Array.from(generateRecords({ records, content: 'products' }), itemOf)
    await writeFile(join(folder, name), `[${items.join(',\n')}]`)
    return join(folder, name)
  })
}

function itemOf(line: string): string {
  const { price_units, ...others } = JSON.parse(line).data.attributes
  const units = price_units && { price_units_unit: price_units.unit, price_units_amount: price_units.amount }
  return JSON.stringify({ ...others, ...units })
}

/** @throws Error for any answer but 200 */
async function createCollection({ url, apiKey }: Address): Promise<void> {
  const response = await fetch(`${url}/collections`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ collection: COLLECTION, schema: {}, meta: {}, fields }),
  })
  if (!response.ok) throw new Error(`Directus answered ${response.status}: ${await response.text()}`)
}
