import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { cpuSeconds, watchCpu } from '../../bench/cpu.js'

const BUSY = 'while (process.cpuUsage().user < 300_000);'

/** Takes 0.3 s of CPU time itself, and more than that in a child which has ended. */
const PROGRAM = `
  require('node:child_process').execFileSync(process.execPath, ['-e', ${JSON.stringify(BUSY)}])
  ${BUSY}
  const { user, system } = process.cpuUsage()
  process.stdout.write(String((user + system) / 1e6))
  process.stdin.resume()
`

test.runIf(process.platform === 'linux')(
  'the CPU time of a process is its own and that of the children that have ended',
  async () => {
    const child = spawn(process.execPath, ['-e', PROGRAM], { stdio: ['pipe', 'pipe', 'inherit'] })
    onTestFinished(() => void child.kill())
    const [own] = await once(child.stdout, 'data')
    const measured = (await cpuSeconds(child.pid ?? 0)) ?? 0
    expect(measured).toBeGreaterThanOrEqual(Number(own) + 0.25)
    child.kill()
    await once(child, 'exit')
    expect(await cpuSeconds(child.pid ?? 0)).toBeUndefined()
  },
)

/** Has a child that takes 0.3 s of CPU time once it is told to, and is idle itself. */
const PARENT = `
  const busy = "process.stdin.once('data', () => { ${BUSY} process.stdout.write('done') })"
  const child = require('node:child_process').spawn(process.execPath, ['-e', busy], { stdio: 'pipe' })
  process.stdout.write(String(child.pid))
  process.stdin.pipe(child.stdin)
  child.stdout.pipe(process.stdout)
`

test.runIf(process.platform === 'linux')(
  'a PostgreSQL that a Node process has started counts as PostgreSQL, and not as Node',
  async () => {
    const parent = spawn(process.execPath, ['-e', PARENT], { stdio: ['pipe', 'pipe', 'inherit'] })
    const ended = once(parent, 'exit')
    const [pid] = await once(parent.stdout, 'data')
    onTestFinished(async () => {
      // The child ends with its input.
      parent.stdin.end()
      await ended
    })
    const cpu = await watchCpu({ node: [parent.pid ?? 0], postgres: [Number(pid)] })
    parent.stdin.write('go')
    await once(parent.stdout, 'data')
    const { nodeCpuSeconds, postgresCpuSeconds } = await cpu.since()
    expect(postgresCpuSeconds).toBeGreaterThanOrEqual(0.25)
    expect(nodeCpuSeconds).toBeLessThan(0.2)
  },
)
