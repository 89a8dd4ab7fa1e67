import { afterAll, beforeAll } from 'vitest'
import { standIn } from './service.js'
import { hasSwift, type Swift, startSwift } from './swift-server.js'

export * from './swift-server.js'

if (!hasSwift) {
  process.stderr.write(
    'There is no OpenStack Swift, so the tests over S3 are skipped. SWIFT may name a Python that has it.\n',
  )
}

/** Swift for the tests of a file, or of a `describe`: it starts before the first and stops after the last. */
export function testSwift(): Swift {
  let swift: Swift | undefined
  beforeAll(async () => {
    swift = await startSwift()
  })
  afterAll(() => swift?.stop())
  return standIn(() => swift)
}
