import { existsSync } from 'node:fs'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * The files that take longest, longest first. Two workers that begin with these end at about the same time;
 * one that comes to such a file last would work alone. What is not named here comes after them, in vitest's
 * own order.
 */
const LONG = [
  'test/faults/s3-kills.test.ts',
  'test/data-dir/postgres/embedded.test.ts',
  'test/console/accessibility.test.ts',
  'test/http/answer/large-answers.test.ts',
  'test/cli/import.test.ts',
  'test/webhooks/webhooks.test.ts',
  'test/install.test.ts',
  'test/db/migrate/preconditions.test.ts',
  'test/faults/database-away.test.ts',
  'test/faults/copies.test.ts',
  'test/faults/uploads-away.test.ts',
  'test/faults/schedules.test.ts',
  'test/faults/schedules-s3.test.ts',
  'test/cli/doctor.test.ts',
  'test/imports/work/properties.test.ts',
  'test/docs/commands.test.ts',
  'test/cli/keys.test.ts',
  'test/faults/kill.test.ts',
  'test/faults/shutdown.test.ts',
  'test/imports/receive/hostile.test.ts',
  'test/db/schemas.test.ts',
  'test/console/states.test.ts',
  'test/records/write/concurrency.test.ts',
  'test/faults/deaths.test.ts',
  'test/faults/connections.test.ts',
  'test/faults/clocks.test.ts',
  'test/db/settings.test.ts',
  'test/http/connections/slow-clients.test.ts',
  'test/worker/retention.test.ts',
]

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const gone = LONG.filter((path) => !existsSync(path))
    if (gone.length > 0)
      throw new Error(`test/support/sequencer.ts names what is not there: ${gone.join(', ')}`)
    const place = ({ moduleId }: TestSpecification) => {
      const found = LONG.findIndex((path) => moduleId.endsWith(path))
      return found < 0 ? LONG.length : found
    }
    return (await super.sort(files)).sort((one, other) => place(one) - place(other))
  }
}
