import { randomUUID } from 'node:crypto'
import { pino } from 'pino'
import { readConfig } from '../../src/config/read-config.js'
import { createPool } from '../../src/db/pool.js'
import { Metrics } from '../../src/metrics.js'
import { CONSOLE_PATHS } from '../../src/routes/console.js'
import { buildServer } from '../../src/server.js'
import { Credentials } from '../../src/tenants/credentials.js'
import { openUploadStores } from '../../src/uploads/stores.js'
import { temporaryFolder } from './service.js'

/** A path of the application with its methods. HEAD comes with GET, and is not listed. */
export interface Route {
  readonly path: string
  readonly methods: readonly string[]
}

/** The application, to be asked about itself. It is never started: there is no database. */
export function unstartedServer(uploads: string): ReturnType<typeof buildServer> {
  const pool = createPool({ connectionString: 'postgresql://nowhere' }, 1, () => {})
  return buildServer({
    config: readConfig({}, {}),
    logger: pino({ enabled: false }),
    pool,
    poolOf: () => pool,
    stores: openUploadStores({ folder: { path: uploads, id: 'test' } }),
    credentials: new Credentials(pool),
    metrics: new Metrics(pool, () => 0),
    isReady: () => true,
  })
}

/** Every route. The application itself lists them; it is built for that and never started. */
export const routes: readonly Route[] = await routesOfApplication()

async function routesOfApplication(): Promise<Route[]> {
  const folder = await temporaryFolder()
  const app = unstartedServer(folder.path)
  const methodsOf = new Map<string, string[]>()
  app.addHook('onRoute', ({ url, method, config }) => {
    const methods = config?.isClosed ? [] : [method].flat().filter((one) => one !== 'HEAD')
    if (methods.length > 0) methodsOf.set(url, [...(methodsOf.get(url) ?? []), ...methods])
  })
  await app.ready()
  await app.close()
  await folder.remove()
  return [...methodsOf].map(([path, methods]) => ({ path, methods }))
}

const isUnder = (paths: readonly string[], path: string) =>
  paths.some((one) => path === one || path.startsWith(`${one}/`))

/** Whether a path is for people, and not part of the API's document. */
export const isPage = (path: string): boolean => isUnder(['/docs', '/assets', ...CONSOLE_PATHS], path)

/** The paths for everybody (contract 1, 2). All others need a token. */
const OPEN = ['/healthz', '/readyz', '/metrics', '/openapi.json', '/oauth/access_token']

/** The API: every route that needs a token, under both prefixes. `:id`, `:product_id` stand for ids. */
export const apiRoutes: readonly Route[] = routes.filter(({ path }) => !isUnder(OPEN, path) && !isPage(path))

/** The API by method. */
export const apiRequests = apiRoutes.flatMap(({ path, methods }) =>
  methods.map((method) => ({ method, path })),
)

/** The requests about one resource, with the noun that a 404 has. */
export const resourceRequests = apiRequests
  .filter(({ path }) => path.includes('/:id'))
  .map((request) => ({ ...request, noun: /(\w+)s\/:id/.exec(request.path)?.[1] ?? '' }))

/** The reading ones among them. */
export const resourceRoutes = resourceRequests.filter(({ method }) => method === 'GET')

/**
 * A route's path for an id; without one, for an id that does not exist. Other parameters are ids that do not
 * exist.
 */
export const pathFor = (path: string, id: string = randomUUID()): string =>
  path.replace(':id', id).replaceAll(/:\w+/g, () => randomUUID())
