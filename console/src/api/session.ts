import { Refused, request, requestJson } from './request'

/** Whose a key or a session is, as `GET /v2/me` answers it. */
export interface Me {
  /** The credential's id. */
  readonly id: string
  readonly attributes: { readonly name: string }
  readonly meta: {
    readonly owner: 'store' | 'organization'
    readonly store?: { readonly id: string; readonly name: string }
    readonly organization?: { readonly id: string; readonly name: string }
  }
}

const ME_URL = '/v2/me'
const SESSION_URL = '/v2/session'

/** Whoever the browser is signed in as; undefined: nobody. @throws Refused, Unreachable */
export const whoIsSignedIn = (): Promise<Me | undefined> => me({ credential: '*' })

/** Whose a key is; undefined: nobody's. @throws Refused, Unreachable */
export const whoseKey = (key: string): Promise<Me | undefined> => me({ key })

async function me(options: { readonly key: string } | { readonly credential: string }) {
  try {
    return (await requestJson<{ data: Me }>(ME_URL, options)).data
  } catch (error) {
    if (error instanceof Refused && error.status === 401) return undefined
    throw error
  }
}

/** Opens a session for a key. @throws Refused 401 if it is none, Unreachable */
export const openSession = async (key: string): Promise<Me> =>
  (await requestJson<{ data: Me }>(SESSION_URL, { method: 'POST', key })).data

/** @throws Refused, Unreachable */
export async function endSession(): Promise<void> {
  await request(SESSION_URL, { method: 'DELETE' })
}
