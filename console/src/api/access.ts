import { type Page, pageQuery, request, requestJson } from './request'

/** An API key or an OAuth client. */
export interface Key {
  readonly id: string
  readonly attributes: { readonly name: string; readonly kind: KeyKind; readonly secret?: string }
  readonly meta: {
    readonly created_by?: string
    readonly is_current: boolean
    readonly timestamps: { readonly created_at: string }
  }
}

export type KeyKind = 'api_key' | 'client'

export interface Webhook {
  readonly id: string
  readonly attributes: { readonly url: string; readonly secret?: string }
  readonly meta: {
    readonly warnings: readonly string[]
    readonly timestamps: { readonly created_at: string }
  }
}

export interface Delivery {
  readonly id: string
  readonly attributes: {
    readonly event: string
    readonly status: 'waiting' | 'delivered' | 'failed'
    readonly attempts: number
    readonly answer?: string
  }
  readonly meta: {
    readonly import_id?: string
    readonly timestamps: { readonly created_at: string; readonly next_attempt_at?: string }
  }
}

const KEYS_URL = '/v2/keys'
const WEBHOOKS_URL = '/v2/webhooks'

const at = (url: string, id: string, rest = ''): string => `${url}/${encodeURIComponent(id)}${rest}`

const create = async <T>(url: string, type: string, attributes: object): Promise<T> =>
  (await requestJson<{ data: T }>(url, { method: 'POST', body: { data: { type, attributes } } })).data

export const listKeys = (offset: number): Promise<Page<Key>> =>
  requestJson(`${KEYS_URL}?${pageQuery(offset)}`)

/** @param name empty: the service finds one. */
export const createKey = (name: string, kind: KeyKind): Promise<Key> =>
  create(KEYS_URL, 'key', { ...(name !== '' && { name }), kind })

export const revokeKey = (id: string): Promise<Response> => request(at(KEYS_URL, id), { method: 'DELETE' })

export const listWebhooks = (offset: number): Promise<Page<Webhook>> =>
  requestJson(`${WEBHOOKS_URL}?${pageQuery(offset)}`)

export const addWebhook = (url: string): Promise<Webhook> => create(WEBHOOKS_URL, 'webhook', { url })

export const removeWebhook = (id: string): Promise<Response> =>
  request(at(WEBHOOKS_URL, id), { method: 'DELETE' })

export const testWebhook = (id: string): Promise<Response> =>
  request(at(WEBHOOKS_URL, id, '/test'), { method: 'POST' })

export const listDeliveries = (id: string, offset: number): Promise<Page<Delivery>> =>
  requestJson(at(WEBHOOKS_URL, id, `/deliveries?${pageQuery(offset)}`))
