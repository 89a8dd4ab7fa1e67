import { join } from 'node:path'
import { importFile } from './client.js'
import { generatedFile } from './files.js'
import { grouped } from './format.js'
import { withServer } from './server.js'
import type { Context } from './trial.js'

/** A data directory in which a server has imported so many products, all of the default store. */
export function importedProducts(context: Context, records: number): Promise<string> {
  const { folder, progress } = context
  const name = `${records}-products`
  return context.once(name, async () => {
    const dataDir = join(folder, name)
    const file = await generatedFile(context, { records, content: 'products' })
    progress.begin(`importing ${grouped(records)} products`, records)
    await withServer(dataDir, (server) => importFile(server, file, context))
    progress.end(`${grouped(file.imported)} imported`)
    return dataDir
  })
}
