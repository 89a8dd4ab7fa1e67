import { randomUUID } from 'node:crypto'

interface Route {
  readonly path: string
  readonly methods: readonly string[]
}

const subscriptions: readonly Route[] = [
  { path: '/imports', methods: ['GET', 'POST'] },
  { path: '/imports/:id', methods: ['GET'] },
  { path: '/imports/:id/errors', methods: ['GET'] },
  ...['products', 'plans', 'subscribers', 'offerings'].flatMap((list) => [
    { path: `/${list}`, methods: ['GET'] },
    { path: `/${list}/:id`, methods: ['GET'] },
  ]),
  { path: '/offerings/:id/products', methods: ['GET'] },
  { path: '/offerings/:id/plans', methods: ['GET'] },
]

/** Every API route there is, under both prefixes, with what it takes. `:id` stands for an id. */
export const apiRoutes: readonly Route[] = [
  ...['/subscriptions', '/v2/subscriptions'].flatMap((prefix) =>
    subscriptions.map(({ path, methods }) => ({ path: `${prefix}${path}`, methods })),
  ),
  { path: '/v2/settings', methods: ['GET', 'PUT'] },
]

/** The routes of one resource, with the noun that a 404 has. */
export const resourceRoutes = apiRoutes
  .filter(({ path }) => path.includes('/:id'))
  .map(({ path }) => ({ path, noun: /(\w+)s\/:id/.exec(path)?.[1] ?? '' }))

/** A route's path for an id; without one, for an id that nothing has. */
export const pathFor = (path: string, id: string = randomUUID()): string => path.replace(':id', id)
