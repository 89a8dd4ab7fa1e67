import { setTimeout as sleep } from 'node:timers/promises'
import { type RandomNumbers, randomNumbers } from '../../../bench/random.js'
import { UploadsBucket } from '../../support/uploads-bucket.js'
import { faultsOf, gentle } from './faults.js'
import { checkNothingElse } from './leftovers.js'
import { difference, type Outcome, outcomeOf } from './outcome.js'
import { answered, toldOf, unanswered } from './patience.js'
import { SCENARIOS, type Scenario, type Step, scenario } from './scenarios.js'
import { type Fault, type Scene, STUCK_MS } from './scene.js'
import { clockOff } from './start-faults.js'
import type { Owner, Victim, VictimKind } from './victim.js'

/** The outcomes of scenarios without any fault, by number. Determined once each. */
const undisturbed = new Map<number, Promise<Outcome>>()

/** What the client knows about one owner's imports. */
interface Client {
  readonly owner: Owner
  readonly scenario: Scenario
  readonly number: number
  /** The import of each step. */
  readonly imports: string[]
  /** Rehearsals without a response: they may exist, and change nothing. */
  lost: number
}

export interface ScheduleOptions {
  readonly seed: number
  /** Two processes over S3, and not one with a folder. */
  readonly several: boolean
  /** Gives the service of a kind. */
  readonly start: (kind: VictimKind) => Promise<Victim>
  /** Receives what happens, for people. */
  readonly tell: (what: string) => void
}

/**
 * Runs one seeded schedule: some owners post files while something happens to the service. Afterwards
 * everything must be as if nothing had happened.
 *
 * @throws an Error that says what is wrong.
 */
export async function runSchedule({ seed, several, start, tell }: ScheduleOptions): Promise<void> {
  const random = randomNumbers(seed)
  const kind = several ? 'several' : random.oneIn(3) ? 'role' : 'embedded'
  if (kind === 'role') tell('as a role with a schema of its own')
  const victim = await start(kind)
  const choice = Object.entries(faultsOf(kind)).filter(([name]) => name.includes(ONLY))
  const numbers = Array.from({ length: 1 + random.below(3) }, () => random.below(SCENARIOS))
  const chosen = Array.from({ length: 1 + random.below(3) }, () => random.pick(choice))
  for (const number of numbers) await outcomeWithoutFaults(victim, number)

  const bystander = await victim.addOwner()
  const greedy = await victim.addOwner()
  const clients: Client[] = []
  for (const number of numbers) {
    const owner = await victim.addOwner()
    clients.push({ owner, scenario: scenario(number), number, imports: [], lost: 0 })
  }
  const undo: (() => Promise<void>)[] = []
  const posted = Promise.all(clients.map(post)).then(() => {})
  const interfering = interfere(clients, random, posted)
  const scene = {
    victim,
    random,
    bystander,
    greedy,
    posted,
    later: (what: () => Promise<void>) => undo.push(what),
  }
  const striking = strike(scene, chosen, tell)
  try {
    await Promise.all([posted, striking, interfering])
    for (const client of clients) await settle(client)
  } finally {
    for (const what of undo) await what()
  }

  const tidied = chosen.every(([name]) => gentle.has(name)) ? undefined : await tidy(victim)
  for (const client of clients) await check(victim, client)
  await checkNothingElse(victim, { bystander, greedy, observed: clients.map(({ owner }) => owner) })
  await tidied?.end()
  await victim.forgetOwners()
}

/** Set by `npm run test:faults -- --only <part of a name>`, to select some. */
const ONLY = process.env.LONG_TEST_ONLY ?? ''

async function strike(
  scene: Scene,
  chosen: readonly (readonly [string, Fault])[],
  tell: (what: string) => void,
): Promise<void> {
  for (const [name, fault] of chosen) {
    await sleep(scene.random.below(250))
    scene.victim.aim(scene.random)
    tell(name)
    await fault(scene)
  }
}

/** Posts one file after the other, each until it is known to be an import. */
async function post(client: Client): Promise<void> {
  for (const [index, step] of client.scenario.entries()) {
    client.imports.push(await postStep(client, step, `file-${index}`))
  }
}

/**
 * Like a client that wants each file imported once: it names it, and posts it again until it gets a response.
 */
async function postStep(client: Client, step: Step, externalRef: string): Promise<string> {
  const { content, dryRun, onConflict } = step
  const deadline = Date.now() + STUCK_MS
  while (Date.now() < deadline) {
    const answer = await client.owner.api
      .upload(content, { onConflict, ...(dryRun ? { dryRun } : { externalRef }) })
      .catch(unanswered)
    if (answer?.status === 201) return answer.body.data.id
    // An earlier attempt, whose response got lost, was accepted after all.
    if (answer?.status === 409) return answer.body.errors[0].meta.id
    if (answer !== undefined && answer.status !== 503) throw new Error(toldOf('a POST', answer))
    if (dryRun) client.lost += 1
    await sleep(50)
  }
  throw new Error('A file could not be posted: the service is not there, or has no room.')
}

/** Cancels an owner's last import now and then, and retries it: it continues as if nothing had happened. */
async function interfere(
  clients: readonly Client[],
  random: RandomNumbers,
  posted: Promise<void>,
): Promise<void> {
  const chosen = clients.filter(({ scenario }) => scenario.at(-1)?.dryRun === false && random.oneIn(3))
  const pause = random.below(150)
  await posted
  for (const { owner, imports } of chosen) {
    await sleep(pause)
    await act(owner, imports.at(-1) ?? '', 'cancel')
  }
}

/** 409: it has already ended, or was canceled by a request whose response got lost. */
async function act({ api }: Owner, id: string, what: 'cancel' | 'retry'): Promise<void> {
  const path = `/subscriptions/imports/${id}/${what}`
  const { status } = await answered(() => api.request(path, { method: 'POST' }))
  if (status !== 200 && status !== 409) throw new Error(`${what} was answered ${status}.`)
}

/** Waits until all imports have ended, retrying those that were canceled. */
async function settle({ owner, imports }: Client): Promise<void> {
  const deadline = Date.now() + STUCK_MS
  for (const id of imports) {
    for (;;) {
      const { status, body } = await answered(() => owner.api.get(`/subscriptions/imports/${id}`))
      if (status !== 200)
        throw new Error(`Import ${id}, which was answered with 201, is answered ${status} now.`)
      const { attributes, meta } = body.data
      if (meta.failure?.reason === 'canceled') await act(owner, id, 'retry')
      else if (['success', 'failed'].includes(attributes.status)) break
      if (Date.now() > deadline) throw new Error(`Import ${id} is stuck: ${JSON.stringify(body.data)}`)
      await sleep(20)
    }
  }
}

const TWO_DAYS_MS = 2 * 24 * 3_600_000

/**
 * What a crash leaves in a folder is removed by the next start, so there has to be one. What it leaves in a bucket
 * may be what another process is just receiving, and is removed after a day: a process is started for which that
 * is over.
 */
async function tidy(victim: Victim): Promise<{ end(): Promise<unknown> }> {
  if (victim.uploads instanceof UploadsBucket) {
    const twin = await victim.twin({ ...clockOff(TWO_DAYS_MS), RETENTION_DAYS: '1' })
    return { end: twin.stop }
  }
  await victim.kill()
  await victim.revive()
  return { end: async () => {} }
}

async function check(victim: Victim, { owner, number, imports, lost }: Client): Promise<void> {
  const expected = await outcomeWithoutFaults(victim, number)
  const different = difference(expected, await outcomeOf(owner.api, victim.pool, owner.id, imports))
  if (different) throw new Error(`Scenario ${number}: ${different}`)
  const [counted] = await victim.query<{ real: number; rehearsals: number; total: number }>(
    `select count(*) filter (where not dry_run)::integer as real, count(*) filter (where dry_run)::integer as rehearsals,
            (select total from totals where owner_id = $1 and resource = 'imports')::integer as total
     from imports where owner_id = $1`,
    [owner.id],
  )
  const { real = 0, rehearsals = 0, total } = counted ?? {}
  const due = scenario(number).filter(({ dryRun }) => !dryRun).length
  const known = imports.length - due
  if (real !== due || rehearsals < known || rehearsals > known + lost || total !== real + rehearsals) {
    throw new Error(
      `Owner ${owner.id} posted ${due} imports and ${known} rehearsals, of ${lost} more no answer came; there are ${JSON.stringify(counted)}.`,
    )
  }
}

function outcomeWithoutFaults(victim: Victim, number: number): Promise<Outcome> {
  let outcome = undisturbed.get(number)
  if (!outcome) {
    outcome = runUndisturbed(victim, scenario(number))
    undisturbed.set(number, outcome)
  }
  return outcome
}

async function runUndisturbed(victim: Victim, steps: Scenario): Promise<Outcome> {
  const owner = await victim.addOwner()
  const imports: string[] = []
  for (const { content, dryRun, onConflict } of steps) {
    imports.push((await owner.api.import(content, { dryRun, onConflict })).id)
  }
  const outcome = await outcomeOf(owner.api, victim.pool, owner.id, imports)
  await victim.forgetOwners()
  return outcome
}
