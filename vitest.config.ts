import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/support/sequencer.js'

/**
 * The contract over HTTP, on one service that the files share. Not here: services with settings of their own,
 * connections that hardly move, files of many megabytes, many restarts, tables that are vacuumed.
 */
const SHARED = [
  'test/{config,json,schema}/**/*.test.ts',
  'test/cli/{list,program,validate}.test.ts',
  'test/http/{errors,paths,security-headers}.test.ts',
  'test/http/access/{auth,isolation}.test.ts',
  'test/http/{lists,operation}/**/*.test.ts',
  'test/imports/*.test.ts',
  'test/imports/{check,file,resource}/**/*.test.ts',
  'test/imports/undo/undo.test.ts',
  'test/imports/queue/control.test.ts',
  'test/imports/receive/bodies.test.ts',
  'test/imports/report/!(upgrade).test.ts',
  'test/imports/work/{dry-run,duplicates,journal,on-conflict,patch,two-owners}.test.ts',
  'test/records/**/!(concurrency|cost).test.ts',
  'test/routes/settings.test.ts',
  'test/routes/access/{keys,me}.test.ts',
]

export default defineConfig({
  test: {
    // Tests wait on conditions; these only end what hangs.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } },
    // One more than the cores that this is meant for: many files wait for a lease, a limit or a slow client.
    maxWorkers: 3,
    // The files leave nothing behind in modules, and loading these anew for each takes a second of a core.
    isolate: false,
    sequence: { sequencer: LongestFirst },
    // openapi-typescript writes its types by TypeScript 5's compiler API, which TypeScript 7 does not have. This package
    // carries a copy of it, and unlike `typescript@5` under another name it brings no second `tsc`.
    server: { deps: { inline: ['openapi-typescript'] } },
    alias: [{ find: /^typescript$/, replacement: '@ts-morph/common/dist/typescript.js' }],
    projects: [
      {
        extends: true,
        test: {
          name: 'shared',
          include: SHARED,
          globalSetup: ['test/support/global-setup-shared.ts'],
        },
      },
      {
        extends: true,
        test: {
          // A file has a service of its own, started for real.
          name: 'own',
          include: ['test/**/*.test.ts'],
          exclude: [...SHARED],
          globalSetup: ['test/support/global-setup.ts'],
        },
      },
    ],
  },
})
