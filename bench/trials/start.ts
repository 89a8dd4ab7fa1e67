import { join } from 'node:path'
import { withServer } from '../server.js'
import { median } from '../statistics.js'
import { withTempFolder } from '../temp-folder.js'
import type { Trial } from '../trial.js'

/** How often each start is measured. */
const TURNS = 5

interface Readings {
  /** In an empty data directory: the database is created. */
  readonly firstSeconds: number
  /** The next start in the same directory, after a clean stop. */
  readonly laterSeconds: number
}

/** A start of the server as `npm start` does it, from the start of its process until it says that it listens. */
export const startTrial = (): Trial<Readings> => ({
  name: 'starts',
  records: 0,
  async prepare() {},
  async measure({ quick, signal }) {
    const took: Readings[] = []
    while (took.length < (quick ? 1 : TURNS)) {
      signal.throwIfAborted()
      const turn = await withTempFolder(async (folder) => {
        const started = () => withServer(join(folder, 'data'), async ({ startSeconds }) => startSeconds)
        return { firstSeconds: await started(), laterSeconds: await started() }
      })
      took.push(turn)
    }
    return {
      firstSeconds: median(took.map((one) => one.firstSeconds)),
      laterSeconds: median(took.map((one) => one.laterSeconds)),
    }
  },
})
