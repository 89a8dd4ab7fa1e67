import { randomUUID } from 'node:crypto'
import { inject } from 'vitest'
import { administer } from './service.js'

/**
 * A database of the run's server and the role that owns it, which is not a superuser. Both are named by
 * `name`.
 */
export interface RoleWithDatabase {
  readonly name: string
  /** As the role. */
  readonly databaseUrl: string
  /** As the superuser of the run's server, in this database. */
  administer(...statements: readonly string[]): Promise<void>
  drop(): Promise<void>
}

/**
 * On the server itself: a pooler passes on few parameters of a URL, and reuses sessions from before a change
 * of the role.
 *
 * @param options of `create database`, such as an encoding
 */
export async function createRoleWithDatabase(options = ''): Promise<RoleWithDatabase> {
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await administer(`create role ${name} login password '${name}'`)
  await administer(`create database ${name} owner ${name} ${options}`)
  const admin = new URL(inject('directUrl'))
  admin.pathname = `/${name}`
  const url = new URL(admin)
  url.username = name
  url.password = name
  return {
    name,
    databaseUrl: url.href,
    async administer(...statements) {
      for (const statement of statements) await administer(statement, admin.href)
    },
    async drop() {
      await administer(`drop database ${name} with (force)`)
      await administer(`drop role ${name}`)
    },
  }
}
