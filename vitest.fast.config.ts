import { mergeConfig } from 'vitest/config'
import config from './vitest.config.js'

/** `npm run test:fast`: the contract over HTTP, on one service that the files share. CONTRIBUTING.md says what is left out. */
export default mergeConfig(
  { ...config, test: { ...config.test, include: [], globalSetup: [] } },
  {
    test: {
      globalSetup: ['test/support/global-setup-fast.ts'],
      // The files leave nothing behind in modules, and loading these anew for each would take half of the time.
      isolate: false,
      include: [
        'test/{config,http,imports,json,records,routes}/**/*.test.ts',
        'test/cli/{list,program,validate}.test.ts',
      ],
      exclude: [
        // Services with settings of their own, connections that hardly move, files of many megabytes, many restarts.
        'test/http/{access/greedy-owner,access/rate-limits,answer/*,connections/*,small-chunks}.test.ts',
        'test/imports/queue/{fairness,queue}.test.ts',
        'test/imports/receive/{fuzz,hostile,limits,too-many,upload}.test.ts',
        'test/imports/report/upgrade.test.ts',
        'test/imports/work/{fan-out,log,properties}.test.ts',
        'test/records/write/concurrency.test.ts',
        'test/routes/{health,metrics}.test.ts',
      ],
    },
  },
)
