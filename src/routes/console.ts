import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import type { FastifyReply } from 'fastify'
import { CONSOLE } from '../beside.js'
import type { App } from '../http/app.js'

/** The paths of the console. All of them get the same document, which shows what its path says. */
export const CONSOLE_PATHS = [
  '/',
  '/new',
  '/imports',
  '/imports/*',
  '/records',
  '/records/*',
  '/keys',
  '/webhooks',
]

/** The document loads everything from this service, and sends requests to no other host. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "object-src 'none'",
].join('; ')

const A_YEAR_IN_SECONDS = 365 * 24 * 60 * 60

/** The documents of the browser console, for everybody: showing data takes a key. */
export function consolePages(app: App): void {
  const send = async (_request: unknown, reply: FastifyReply) =>
    reply
      .headers({
        'content-type': 'text/html; charset=utf-8',
        // It names its files by their hashes, so browsers must not keep it past a new version.
        'cache-control': 'no-cache',
        'content-security-policy': CONTENT_SECURITY_POLICY,
      })
      .send(await readFile(new URL('index.html', CONSOLE)))
  for (const path of CONSOLE_PATHS) app.get(path, { schema: { hide: true } }, send)
}

/** The files that the documents load, named by their hashes. */
export function consoleAssets(app: App): void {
  app.register(fastifyStatic, {
    root: fileURLToPath(new URL('assets/', CONSOLE)),
    prefix: '/assets/',
    index: false,
    // The build puts compressed copies beside them.
    preCompressed: true,
    maxAge: A_YEAR_IN_SECONDS * 1000,
    immutable: true,
    decorateReply: false,
    schemaHide: true,
  })
}
