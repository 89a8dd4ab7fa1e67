import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/support/sequencer.js'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    // A file has a service of its own, started for real. Tests wait on conditions; these only end what hangs.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } },
    // One more than the cores that this is meant for: many files wait for a lease, a limit or a slow client.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    // openapi-typescript writes its types by TypeScript 5's compiler API, which TypeScript 7 does not have. This package
    // carries a copy of it, and unlike `typescript@5` under another name it brings no second `tsc`.
    server: { deps: { inline: ['openapi-typescript'] } },
    alias: [{ find: /^typescript$/, replacement: '@ts-morph/common/dist/typescript.js' }],
  },
})
