/** The largest offset of a list (contract 4). */
export const MAX_OFFSET = 10_000

/** The most records on a page. */
export const MAX_LIMIT = 100

/** The requested part of a list, in records, not pages. */
export interface Page {
  readonly offset: number
  readonly limit: number
}

/** The page parameters of a query, as `pageParameters` declares them. */
interface PageQuery {
  readonly 'page[offset]'?: number
  readonly 'page[limit]'?: number
}

/** @param pageLength used if the limit is absent or 0. */
export const pageOf = (
  { 'page[offset]': offset = 0, 'page[limit]': limit = 0 }: PageQuery,
  pageLength: number,
): Page => ({ offset, limit: limit === 0 ? pageLength : limit })

/** One page of a list as it is sent. */
export interface ListAnswer<Data> {
  readonly data: Data
  readonly links: {
    readonly current: string
    readonly first: string
    readonly last: string | null
    readonly prev: string | null
    readonly next: string | null
  }
  readonly meta: {
    readonly page: {
      readonly limit: number
      readonly offset: number
      readonly current: number
      readonly total: number
    }
    readonly results: { readonly total: number }
  }
}

/**
 * Puts a page into its frame of links and counts (contract 4).
 *
 * @param url the absolute URL that was requested; its parameters other than the page's are kept.
 * @param total how many records the whole list has.
 * @param data the page's records, as an array or as a reader of slices.
 */
export function listAnswer<Data>(
  url: URL,
  { offset, limit }: Page,
  total: number,
  data: Data,
  maxOffset: number = MAX_OFFSET,
): ListAnswer<Data> {
  // The links differ in the offset only, so the rest is written once.
  const link = new URL(url)
  link.hash = ''
  link.searchParams.delete('page[offset]')
  link.searchParams.delete('page[limit]')
  link.searchParams.append('page[offset]', '')
  const [before, after] = [link.href, `&${new URLSearchParams({ 'page[limit]': String(limit) })}${url.hash}`]
  const at = (linked: number): string => `${before}${linked}${after}`
  const lastOffset = Math.floor(Math.min(Math.max(total - 1, 0), maxOffset) / limit) * limit
  const nextOffset = offset + limit
  return {
    data,
    links: {
      current: at(offset),
      first: at(0),
      last: total <= limit ? null : at(lastOffset),
      prev: offset === 0 ? null : at(Math.max(offset - limit, 0)),
      next: nextOffset >= total || nextOffset > maxOffset ? null : at(nextOffset),
    },
    meta: {
      page: { limit, offset, current: Math.floor(offset / limit) + 1, total: Math.ceil(total / limit) },
      results: { total },
    },
  }
}
