import { afterAll, test } from 'vitest'
import { hasSwift } from '../support/swift.js'
import { schedules } from './harness/run.js'

// `npm run test:faults -- --processes 2` runs more.
const these = schedules({ amount: 1, several: true })
afterAll(these.end)

test.skipIf(!hasSwift)(`Two processes over S3: ${these.name}`, these.run, these.timeoutMs)
