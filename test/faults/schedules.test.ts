import { afterAll, test } from 'vitest'
import { schedules } from './harness/run.js'

/** Both set by `npm run test:faults`. */
const amount = Number(process.env.LONG_TEST_AMOUNT ?? 4)
const several = Number(process.env.LONG_TEST_PROCESSES ?? 1) > 1

const these = schedules({ amount, several })
afterAll(these.end)

test(these.name, these.run, these.timeoutMs)
