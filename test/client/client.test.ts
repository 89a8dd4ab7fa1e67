import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { ts } from '@ts-morph/common'
import openapiTS, { astToString } from 'openapi-typescript'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testService } from '../support/service.js'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))

const service = testService()
let folder: string
beforeAll(async () => {
  // Within the project, so that the client finds its packages.
  await mkdir(join(root, 'build'), { recursive: true })
  folder = await mkdtemp(join(root, 'build', 'client-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

test('a client generated from the document compiles, and runs an import', async () => {
  await writeFile(join(folder, 'schema.ts'), await generateTypes(`${service.server.url}/openapi.json`))
  await cp(join(root, 'test/client/run-import.ts'), join(folder, 'run-import.ts'))
  await compile(folder)

  const { stdout } = await run(process.execPath, [
    join(folder, 'run-import.js'),
    service.server.url,
    service.server.apiKey,
  ])
  expect(JSON.parse(stdout)).toEqual({
    status: 'success',
    imported: {
      subscription_product: 1,
      subscription_plan: 0,
      subscription_subscriber: 0,
      subscription_offering: 1,
      subscription_feature: 0,
      subscription: 0,
    },
    errors: [[2, 'name', 'name must be at least 3 characters']],
    products: ['Coffee box'],
    total: 1,
    prices: [2500],
    unknown: 'No plan found',
    refused: 'data.attributes.name: name must be at least 3 characters',
  })
})

/**
 * As `openapi-typescript <url>` does, and a file is a Blob, as its manual recommends for `format: binary`.
 */
async function generateTypes(url: string): Promise<string> {
  const blob = ts.factory.createTypeReferenceNode('Blob')
  const nodes = await openapiTS(new URL(url), {
    transform: (schema) => (schema.format === 'binary' ? (blob as never) : undefined),
  })
  return astToString(nodes)
}

async function compile(path: string): Promise<void> {
  await writeFile(
    join(path, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        target: 'es2023',
        module: 'nodenext',
        types: ['node'],
        strict: true,
        noUncheckedIndexedAccess: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck: true,
      },
      include: ['*.ts'],
    }),
  )
  try {
    await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', path])
  } catch (error) {
    throw new Error(`The client does not compile:\n${(error as { stdout: string }).stdout}`)
  }
}
