// Compiles src/ to dist/, copies the SQL migrations, which `tsc` leaves out, beside the compiled code, and
// builds the browser console to dist/console, with compressed copies of its files. `--fast`, for tests that need neither, checks no types and
// leaves the console as it is.
import { spawnSync } from 'node:child_process'
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
const compiler = [path('node_modules/typescript/bin/tsc'), '-p', path('tsconfig.build.json')]
const { status } = spawnSync(process.execPath, isFast ? [...compiler, '--noCheck'] : compiler, {
  stdio: 'inherit',
  cwd: path('.'),
})
if (status !== 0) process.exit(status ?? 1)
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
