import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Api } from '../support/api.js'
import { aProduct, times } from '../support/builders.js'
import { createDatabase } from '../support/databases.js'
import { type ServeProcess, serve, temporaryFolder } from '../support/service.js'
import { folder as deploy } from './settings.js'

/** Set by continuous integration, which installs it. Without it nothing is tested here. */
const NGINX = process.env.NGINX

const API_KEY = 'intake_key_behind_nginx'

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address ? address.port : 0
}

describe.skipIf(NGINX === undefined)('nginx, as configured for several processes', () => {
  const servers: ServeProcess[] = []
  const stops: (() => Promise<unknown>)[] = []
  let url: string
  let api: Api
  beforeAll(async () => {
    const folder = await temporaryFolder()
    const { databaseUrl, drop } = await createDatabase()
    stops.push(() => folder.remove(), drop)
    for (const name of ['one', 'two']) {
      const server = await serve({
        DATA_DIR: join(folder.path, name),
        DATABASE_URL: databaseUrl,
        API_KEY,
        TRUSTED_PROXIES: '127.0.0.1',
        WRONG_SECRET_LIMIT: '5',
      })
      servers.push(server)
      stops.push(async () => server.process.exitCode ?? server.process.signalCode ?? (await server.stop()))
    }
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    api = new Api(url, API_KEY)
    const [one = '', two = ''] = servers.map((server) => new URL(server.url).host)
    const site = (await readFile(join(deploy, 'nginx.conf'), 'utf8'))
      .replace('127.0.0.1:8081', one)
      .replace('127.0.0.1:8082', two)
      .replace('listen 80;', `listen 127.0.0.1:${port};`)
      .replace('intake.example', '127.0.0.1')
    const path = join(folder.path, 'nginx.conf')
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    await writeFile(
      path,
      `${process.getuid?.() === 0 ? 'user root;' : ''}
daemon off;
worker_processes 1;
pid ${folder.path}/pid;
error_log ${folder.path}/error.log;
events {}
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${folder.path}/${name};`).join('\n  ')}
  # What comes with nginx.
  server { listen 127.0.0.1:${port} default_server; server_name _; return 404; }
  ${site}
}`,
    )
    const nginx = spawn(NGINX ?? '', ['-c', path, '-p', folder.path], { stdio: 'inherit' })
    const ended = once(nginx, 'exit')
    stops.push(async () => {
      nginx.kill()
      await ended
    })
    while (!(await fetch(`${url}/healthz`).catch(() => undefined))?.ok) await sleep(20)
  })
  afterAll(async () => {
    for (const stop of stops.reverse()) await stop()
  })

  const requests = async (server: ServeProcess) => {
    const text = await (await fetch(`${server.url}/metrics`)).text()
    return Number(/_count\{[^}]*route="\/subscriptions\/imports\/:[^}]*\} (\d+)/.exec(text)?.[1] ?? 0)
  }

  test('an upload of megabytes arrives, and both processes answer for it', async () => {
    const { id, attributes } = await api.import(times(20_000, () => aProduct()))
    expect(attributes.status).toBe('success')
    for (let time = 0; time < 10; time += 1) await api.get(`/subscriptions/imports/${id}`)
    for (const server of servers) expect(await requests(server)).toBeGreaterThan(0)
  })

  test('the figures of a process are not passed on', async () => {
    expect((await fetch(`${url}/metrics`)).status).toBe(404)
  })

  test('each client has limits of its own, whatever address it claims to have', async () => {
    const wrong = async (localAddress: string) => {
      const asked = request(`${url}/subscriptions/products`, {
        localAddress,
        headers: { authorization: `Bearer ${Math.random()}`, 'x-forwarded-for': `192.0.2.${seen.length}` },
      }).end()
      const [answer] = await once(asked, 'response')
      answer.resume()
      return answer.statusCode
    }
    const seen: number[] = []
    while (seen.length < 12) seen.push(await wrong('127.0.0.2'))
    expect(seen.at(-1)).toBe(429)
    expect(await wrong('127.0.0.3')).toBe(401)
  })

  test('a process is killed, and no request notices', async () => {
    await servers[0]?.kill()
    for (let time = 0; time < 20; time += 1) {
      expect((await api.get('/subscriptions/products')).status).toBe(200)
    }
    expect((await api.post('/subscriptions/products', aProduct())).status).toBe(201)
  })
})
