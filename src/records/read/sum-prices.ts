import sql, { raw } from 'sql-template-tag'
import { type Pool, rows } from '../../db/pool.js'
import { firstSlice } from '../../db/slices.js'
import type { BasePrice, Sums } from '../plan-price.js'
import type { Snapshots } from '../record-type.js'
import type { Holder } from './snapshots.js'

/** How many currencies are processed before it is the turn of something else. */
const CURRENCIES_A_PART = 500

/**
 * The sums of the product prices of each of these records. The database adds them up: a page of offerings may
 * have many products, but few sums.
 *
 * @param pricing the reference by which the products are held
 * @returns by the record's id; for at least the first of the records, and as many more of its owner's as fit a slice
 */
export async function sumPrices(
  pool: Pool,
  pricing: Snapshots,
  holders: readonly Holder[],
): Promise<ReadonlyMap<string, BasePrice>> {
  const products = raw(pricing.table)
  const ownerId = holders[0]?.ownerId
  const ids = holders.flatMap((holder) => (holder.ownerId === ownerId ? [holder.id] : []))
  // A sum has at most the currencies of the product with the fewest.
  const page = sql`
    select h.*, (
      select coalesce(min(pg_column_size(price)), 0) from ${products} where owner_id = ${ownerId} and holder_id = h.id
    ) as sum_size
    from unnest(${ids}::uuid[]) with ordinality as h(id, place)`
  const found = await rows<{ id: string; sums: Sums | null }>(
    pool,
    sql`
      select h.id, s.sums
      from (${firstSlice(page, sql`place`, sql`p.sum_size`)}) as h
      left join lateral (
        select part, json_object_agg(currency, json_build_array(sum::text, includes_tax) order by currency) as sums
        from (
          select e.key as currency, sum((e.value ->> 'amount')::numeric) as sum,
            case when count(e.value ->> 'includes_tax') = count(*) and min(e.value ->> 'includes_tax') = max(e.value ->> 'includes_tax')
                 then min(e.value ->> 'includes_tax')::boolean end as includes_tax,
            row_number() over (order by e.key) / ${CURRENCIES_A_PART} as part
          from ${products} s cross join jsonb_each(s.price) e
          where s.owner_id = ${ownerId} and s.holder_id = h.id
          group by e.key
          having count(*) = (select count(*) from ${products} s where s.owner_id = ${ownerId} and s.holder_id = h.id)
        ) c
        group by part
      ) s on true
      order by h.place, s.part`,
  )
  const bases = new Map<string, Sums[]>()
  for (const { id, sums } of found) {
    const parts = bases.get(id) ?? []
    if (sums) parts.push(sums)
    bases.set(id, parts)
  }
  return bases
}
