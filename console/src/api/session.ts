import { IMPORTS_URL } from './imports'
import { request } from './request'

/** Asks whether a key is one. @throws Refused 401 if not, Unreachable */
export async function checkKey(key: string): Promise<void> {
  await request(`${IMPORTS_URL}?page%5Blimit%5D=1`, { key })
}
