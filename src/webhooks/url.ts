import { isPrivateHost } from './addresses.js'

const LONGEST = 2048

/**
 * The URL of a webhook as it is stored, without the part that is never sent; or what is wrong with it: `must
 * have at most 2048 characters`.
 */
export function readWebhookUrl(given: string): URL | string {
  const url = URL.canParse(given) ? new URL(given) : undefined
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    return 'must be whole, such as https://shop.example/hooks/imports'
  }
  if (url.username !== '' || url.password !== '') {
    return 'must not have a user name or a password: it is shown in lists, and the signature shows who sends'
  }
  url.hash = ''
  return url.href.length > LONGEST ? `must have at most ${LONGEST} characters` : url
}

/** What whoever adds this URL should know, in sentences. */
export function webhookWarnings(url: URL, allowsPrivate = false): string[] {
  return [
    ...(url.protocol === 'http:'
      ? ['Over http, everybody on the way can read what is sent; use https unless the network is your own.']
      : []),
    ...(isPrivateHost(url) && !allowsPrivate
      ? [
          'This is a private address: nothing is sent there unless the service runs with ALLOW_PRIVATE_WEBHOOKS=true.',
        ]
      : []),
  ]
}
