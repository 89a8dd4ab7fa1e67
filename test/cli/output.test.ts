import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { cleanEnvironment, cli, startTestService } from '../support/service.js'

const FULL = '/dev/full'

/** Runs a command whose standard output, or error, is on a full disk. */
async function onFullDisk(args: readonly string[], full: 'stdout' | 'stderr') {
  const disk = openSync(FULL, 'w')
  const stdio = full === 'stdout' ? (['ignore', disk, 'pipe'] as const) : (['ignore', 'pipe', disk] as const)
  const child = spawn(process.execPath, [cli, ...args], { env: cleanEnvironment(), stdio: [...stdio] })
  closeSync(disk)
  const kept = full === 'stdout' ? child.stderr : child.stdout
  const [said, [code]] = await Promise.all([kept ? text(kept) : '', once(child, 'close')])
  return { code, said }
}

const SENTENCE =
  'intake: What this command prints could not be written: ENOSPC: no space left on device, write.\n'

test.runIf(process.platform === 'linux')(
  'a report that a full disk does not take is told in a sentence',
  async () => {
    const whole = await onFullDisk(['validate', 'examples/catalogue.jsonl'], 'stdout')
    expect(whole.code).toBe(1)
    expect(whole.said).toMatch(/^checked 57.6 kB\n/)
    expect(whole.said).toContain(SENTENCE)
    expect(whole.said).not.toContain('    at ')

    const errors = await onFullDisk(['validate', 'examples/catalogue.jsonl'], 'stderr')
    expect(errors.code).toBe(0)
    expect(errors.said).toContain('All 219 records')
  },
)

test.runIf(process.platform === 'linux')('so is a download, and what a server was asked to do', async () => {
  const service = await startTestService()
  const at = ['--url', service.server.url, '--api-key', service.api.key]
  const { id } = await service.api.create('not a record\n{"data":{"type":"subscription_product"}}\n')
  await service.api.waitFor(id, 'failed')
  for (const args of [
    ['imports', 'rejected', id],
    ['import', 'examples/catalogue.jsonl'],
  ]) {
    const { code, said } = await onFullDisk([...args, ...at], 'stdout')
    expect({ args, code, told: said.split(SENTENCE).length - 1 }).toEqual({ args, code: 1, told: 1 })
    expect(said).not.toContain('    at ')
  }
  await service.stop()
})
