import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { cpuSeconds } from '../../bench/cpu.js'

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
