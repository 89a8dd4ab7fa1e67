// Compiles src/ to dist/, copies the SQL migrations, which `tsc` leaves out, beside the compiled code, and
// builds the browser console to dist/console.
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const root = new URL('..', import.meta.url)
const path = (relative) => fileURLToPath(new URL(relative, root))

rmSync(path('dist'), { recursive: true, force: true })
const { status } = spawnSync(
  process.execPath,
  [path('node_modules/typescript/bin/tsc'), '-p', path('tsconfig.build.json')],
  { stdio: 'inherit', cwd: path('.') },
)
if (status !== 0) process.exit(status ?? 1)
cpSync(path('src/db/migrations'), path('dist/db/migrations'), { recursive: true })
chmodSync(path('dist/cli.js'), 0o755)
await build({ configFile: path('console/vite.config.ts') })
