import type { PoolOf } from '../db/owner-pool.js'
import type { App } from '../http/app.js'
import { operation } from '../http/operation/operation.js'
import { Type } from '../schema/type.js'
import type { Credentials } from '../tenants/credentials.js'
import { setPageLength } from '../tenants/owners.js'

const SettingsBody = Type.Object({
  data: Type.Object({
    type: Type.Unsafe<'settings'>({ type: 'string', enum: ['settings'] }),
    page_length: Type.Integer({
      minimum: 1,
      maximum: 100,
      description: 'Records on a page, unless a request says otherwise.',
    }),
  }),
})

const answers = { 200: { description: 'The settings.', schema: SettingsBody } }

const operations = {
  get: operation({ id: 'getSettings', tag: 'Settings', summary: "Answers the store's settings.", answers }),
  update: operation({
    id: 'updateSettings',
    tag: 'Settings',
    summary: "Changes the store's settings.",
    body: SettingsBody,
    answers,
    errors: [400, 413, 415],
  }),
}

const settingsAnswer = (pageLength: number) => ({ data: { type: 'settings', page_length: pageLength } })

/** The store's settings (contract 4). */
export function settingsRoutes(app: App, poolOf: PoolOf, credentials: Credentials): void {
  app.get('/settings', { schema: operations.get }, async ({ caller }) => settingsAnswer(caller.pageLength))

  app.put('/settings', { schema: operations.update }, async (request) => {
    const { caller, body } = request
    const { page_length } = body.data
    await setPageLength(poolOf(caller), caller.ownerId, page_length)
    credentials.forget()
    return settingsAnswer(page_length)
  })
}
