import { Command, Option } from 'commander'
import { validate as isUuid } from 'uuid'
import { defaultStore } from '../../tenants/owners.js'
import {
  addTestDelivery,
  type Delivery,
  type DeliveryStatus,
  listDeliveries,
} from '../../webhooks/deliveries.js'
import { readWebhookUrl, webhookWarnings } from '../../webhooks/url.js'
import { createWebhook, listWebhooks, removeWebhook, type Webhook } from '../../webhooks/webhooks.js'
import { administer, type CommonFlags, perform, resultOf } from '../database/administer.js'
import { existing } from '../database/names.js'
import { type OwnerFlags, ownerOf, withOwner } from '../database/owner.js'
import { CommandError } from '../terminal/fail.js'
import { type Column, listed } from '../terminal/list.js'
import { commandLine, PROGRAM } from '../terminal/program.js'
import { printable } from '../terminal/terminal.js'
import { day, withoutZone } from '../terminal/times.js'

const HELP = `
A webhook is a URL that is posted to when an import of its store or organization
ends, with success or failure, canceled or rehearsed, and when its undo ends.
Messages are signed by the scheme of https://www.standardwebhooks.com; the
secret is shown once, when the webhook is added. A message that is not answered
with 2xx within 15 s is sent again, 10 times over about a day.

Examples:
  $ ${PROGRAM} webhooks add https://shop.example/hooks/imports --store shop
  $ ${PROGRAM} webhooks test 019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b
  $ ${PROGRAM} webhooks deliveries --status failed`

/** `intake webhooks`: who is notified when an import ends. */
export function webhooksCommand(): Command {
  return new Command('webhooks')
    .description('choose who is notified when an import ends, and see what was delivered')
    .addCommand(add())
    .addCommand(list())
    .addCommand(remove())
    .addCommand(test())
    .addCommand(deliveries())
    .addHelpText('after', HELP)
    .showHelpAfterError(`Run "${PROGRAM} webhooks --help" for help.`)
}

/** @throws CommandError */
function readUrl(given: string): URL {
  const url = readWebhookUrl(given)
  if (typeof url === 'string') throw new CommandError(`The URL of a webhook ${url}.`)
  return url
}

const add = () =>
  withOwner(
    administer('add', 'add a URL, for the default store unless another owner is given, and show its secret'),
  )
    .argument('<url>', 'where to post')
    .action((given: string, flags: OwnerFlags) =>
      perform(flags, async (pool) => {
        const url = readUrl(given)
        const owner = (await ownerOf(pool, flags)) ?? {
          kind: 'store',
          ...(await existing(pool, 'store', await defaultStore(pool))),
        }
        const { id, secret } = await createWebhook(pool, owner.id, url.href)
        const warnings = webhookWarnings(url)
        const sentences = [
          `The webhook ${id} was added: ${printable(url.href)} is notified when an import of the ${owner.kind} "${owner.name}" ends.`,
          ...warnings,
          'Keep what follows: the secret is not shown again.',
        ]
        return resultOf(
          { id, url: url.href, owner, secret, warnings },
          sentences.join(' '),
          `secret: ${secret}`,
        )
      }),
    )

const columns: readonly Column<Webhook>[] = [
  { title: 'id', value: ({ id }) => id },
  { title: 'url', wraps: true, value: ({ url }) => url },
  { title: 'of', wraps: true, value: ({ owner }) => `${owner.kind} ${owner.name}` },
  { title: 'added (UTC)', mayGo: true, value: ({ created_at }) => day(created_at) },
]

const list = () =>
  withOwner(administer('list', 'show webhooks, without their secrets')).action((flags: OwnerFlags) =>
    perform(flags, async (pool) => {
      const owner = await ownerOf(pool, flags)
      const found = await listWebhooks(pool, owner?.id)
      return listed(found, columns, `There are no webhooks. "${PROGRAM} webhooks add" adds one.`)
    }),
  )

const noSuchWebhook = (id: string) =>
  new CommandError(
    `There is no webhook with the id "${printable(id)}". "${PROGRAM} webhooks list" shows all of them.`,
  )

const remove = () =>
  administer('remove', 'stop notifying a URL, and forget what was delivered to it')
    .argument('<id>', `the id, as "${PROGRAM} webhooks list" shows it`)
    .action((id: string, flags: CommonFlags) =>
      perform(flags, async (pool) => {
        const removed = isUuid(id) ? await removeWebhook(pool, id) : undefined
        if (!removed) throw noSuchWebhook(id)
        return resultOf(
          { id, url: removed.url },
          `The webhook ${id} was removed: ${printable(removed.url)} is no longer notified. Messages that were waiting for it are dropped.`,
        )
      }),
    )

const test = () =>
  administer('test', 'send a test message to a webhook')
    .argument('<id>', `the id, as "${PROGRAM} webhooks list" shows it`)
    .action((id: string, flags: CommonFlags) =>
      perform(flags, async (pool) => {
        const delivery = isUuid(id) ? await addTestDelivery(pool, id) : undefined
        if (delivery === undefined) throw noSuchWebhook(id)
        return resultOf(
          { id, delivery: delivery.id },
          'A message of the type webhook.test is waiting to be delivered. A running service delivers it within a second or two; this shows the result:',
          `  ${commandLine(flags, 'webhooks', 'deliveries', '--webhook', id)}`,
        )
      }),
    )

const deliveryColumns: readonly Column<Delivery>[] = [
  { title: 'created (UTC)', value: ({ created_at }) => withoutZone(created_at) },
  { title: 'import', value: ({ import_id }) => import_id ?? '(test)' },
  { title: 'status', value: ({ status }) => status },
  { title: 'attempts', value: ({ attempts }) => String(attempts) },
  { title: 'last answer', wraps: true, value: ({ last_answer }) => last_answer ?? '' },
  {
    title: 'next (UTC)',
    mayGo: true,
    value: ({ next_attempt_at }) => (next_attempt_at === null ? '' : withoutZone(next_attempt_at)),
  },
  { title: 'webhook', mayGo: true, value: ({ webhook_id }) => webhook_id },
]

const STATUSES: readonly DeliveryStatus[] = ['waiting', 'delivered', 'failed']
const MOST = 10_000

interface DeliveryFlags extends OwnerFlags {
  readonly webhook?: string
  readonly status?: DeliveryStatus
  readonly limit: string
}

const deliveries = () =>
  withOwner(administer('deliveries', 'show what was sent and what was answered, newest first'))
    .option('--webhook <id>', 'to this webhook')
    .addOption(new Option('--status <status>', 'with this status').choices(STATUSES))
    .option('--limit <number>', 'how many to list', '25')
    .action((flags: DeliveryFlags) =>
      perform(flags, async (pool) => {
        const { webhook: webhookId, status } = flags
        const limit = /^\d{1,5}$/.test(flags.limit) ? Number(flags.limit) : 0
        if (limit < 1 || limit > MOST)
          throw new CommandError(`--limit takes a whole number from 1 to ${MOST}.`)
        if (webhookId !== undefined && !isUuid(webhookId)) throw noSuchWebhook(webhookId)
        const owner = await ownerOf(pool, flags)
        const found = await listDeliveries(pool, { ownerId: owner?.id, webhookId, status }, limit)
        return listed(found, deliveryColumns, 'There are no such deliveries.')
      }),
    )
