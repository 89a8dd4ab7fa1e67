import { setTimeout as sleep } from 'node:timers/promises'
import type { UploadStores } from './stores.js'

/** Whether each store is available, by its kind. One that does not answer within `ms` is not. */
export async function availability(
  { all, folder }: UploadStores,
  ms: number,
): Promise<ReadonlyMap<'folder' | 's3', boolean>> {
  const ended = new AbortController()
  const late = sleep(ms, false, { signal: ended.signal }).catch(() => false)
  const found = all.map(async (store) => {
    const isThere = store.requireThere().then(
      () => true,
      () => false,
    )
    return [store === folder ? 'folder' : 's3', await Promise.race([isThere, late])] as const
  })
  return new Map(await Promise.all(found).finally(() => ended.abort()))
}
