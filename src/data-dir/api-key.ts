import { readFileIfThere, writeWhole } from './files.js'
import { layoutOf } from './layout.js'

/**
 * The default store's API key, stored in the directory in a file of mode 0600.
 *
 * @param given replaces the stored one.
 */
export async function keepApiKey(
  path: string,
  given: string | undefined,
  generate: () => string,
): Promise<string> {
  const kept = await readApiKey(path)
  const key = given ?? kept ?? generate()
  if (key !== kept) await writeWhole(layoutOf(path).apiKey, key)
  return key
}

/** The stored key; undefined if there is none yet. */
export const readApiKey = (path: string): Promise<string | undefined> =>
  readFileIfThere(layoutOf(path).apiKey)
