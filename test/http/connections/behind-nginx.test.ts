import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aProduct, file } from '../../support/builders.js'
import { externalRef, formType, importFile, multipart } from '../../support/multipart.js'
import { temporaryFolder, testService } from '../../support/service.js'

/** Set by continuous integration, which installs it. Without it nothing is tested here. */
const NGINX = process.env.NGINX

/** With nginx's own defaults towards an upstream: HTTP/1.0 and `Connection: close`. */
const configuration = (folder: string, upstream: string) => `
${process.getuid?.() === 0 ? 'user root;' : ''}
daemon off;
worker_processes 1;
pid ${folder}/pid;
error_log ${folder}/error.log;
events {}
http {
  access_log off;
  client_max_body_size 0;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join('\n  ')}
  server {
    listen unix:${folder}/socket;
    location /on/ { proxy_pass ${upstream}/; }
    location /off/ { proxy_request_buffering off; proxy_pass ${upstream}/; }
    location /kept/ {
      proxy_request_buffering off;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_pass ${upstream}/;
    }
  }
}`

describe.skipIf(NGINX === undefined)('Behind nginx', () => {
  const service = testService()
  let socketPath: string
  let taken: string
  const stops: (() => Promise<unknown>)[] = []
  beforeAll(async () => {
    taken = (await service.api.create(file(aProduct()), { externalRef: 'taken' })).id
    const folder = await temporaryFolder()
    stops.push(() => folder.remove())
    socketPath = join(folder.path, 'socket')
    const path = join(folder.path, 'nginx.conf')
    await writeFile(path, configuration(folder.path, service.server.url))
    const nginx = spawn(NGINX ?? '', ['-c', path, '-p', folder.path], { stdio: 'inherit' })
    const ended = once(nginx, 'exit')
    stops.push(async () => {
      nginx.kill()
      await ended
    })
    while (!(await listens())) await sleep(20)
  })
  afterAll(async () => {
    for (const stop of stops.reverse()) await stop()
  })

  async function listens(): Promise<boolean> {
    const socket = connect(socketPath)
    return await once(socket, 'connect')
      .then(
        () => true,
        () => false,
      )
      .finally(() => socket.destroy())
  }

  const body = multipart([
    externalRef('taken'),
    importFile(Buffer.alloc(12 * 2 ** 20, `${JSON.stringify(aProduct())}\n`)),
  ])

  async function post(path: string, type: string, key = service.api.key) {
    const asked = request({
      socketPath,
      path,
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': type, 'content-length': body.length },
    })
    // nginx may end the connection once it has answered, while the rest of the body is on its way.
    asked.on('error', () => {})
    asked.on('socket', (socket) => socket.on('error', () => {}))
    asked.end(body)
    const [answer] = await once(asked, 'response')
    return { status: answer.statusCode, body: (await json(answer)) as { errors: { meta?: unknown }[] } }
  }

  test.each(['on', 'off', 'kept'])(
    'what is answered early arrives, eight times of eight: %s',
    async (way) => {
      for (let time = 0; time < 8; time += 1) {
        const repeated = await post(`/${way}/subscriptions/imports`, formType)
        expect(repeated.status).toBe(409)
        expect(repeated.body.errors[0]?.meta).toEqual({ id: taken })
        expect((await post(`/${way}/subscriptions/imports`, formType, 'wrong')).status).toBe(401)
        expect((await post(`/${way}/nothing`, formType)).status).toBe(404)
        expect((await post(`/${way}/subscriptions/products`, 'application/json')).status).toBe(413)
        expect((await post(`/${way}/subscriptions/imports`, 'text/plain')).status).toBe(415)
      }
    },
  )
})
