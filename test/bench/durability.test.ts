import { expect, test } from 'vitest'
import { requireDurability } from '../../bench/durability.js'
import { withPostgres } from '../../bench/postgres.js'

const asked = (others: readonly string[]) =>
  withPostgres(({ url }) => requireDurability({ connectionString: url }), others)

test('the benchmark measures a server whose commits outlive a crash, and no other', async () => {
  await expect(asked([])).resolves.toBeUndefined()
  await expect(asked(['fsync=off', 'full_page_writes=off'])).rejects.toThrow(
    'This server is not measured. fsync and full_page_writes are off',
  )
})
