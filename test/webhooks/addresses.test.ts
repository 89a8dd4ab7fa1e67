import { type AddressInfo, connect, createServer } from 'node:net'
import { expect, test } from 'vitest'
import { isPrivateHost, isPublicAddress, lookupPublic } from '../../src/webhooks/addresses.js'

test.each([
  ['1.1.1.1'],
  ['8.8.8.8'],
  ['172.15.255.255'],
  ['172.32.0.1'],
  ['100.63.255.255'],
  ['100.128.0.1'],
  ['2606:4700:4700::1111'],
  ['::ffff:8.8.8.8'],
])('%s is public', (address) => {
  expect(isPublicAddress(address)).toBe(true)
})

test.each([
  ['10.0.0.1', 'a private network'],
  ['172.16.0.1', 'a private network'],
  ['172.31.255.255', 'a private network'],
  ['192.168.1.1', 'a private network'],
  ['100.64.0.1', "a provider's network"],
  ['100.100.100.200', 'metadata of Alibaba Cloud'],
  ['127.0.0.1', 'this machine'],
  ['127.255.255.254', 'this machine'],
  ['0.0.0.0', 'this machine'],
  ['169.254.169.254', 'metadata of most clouds'],
  ['168.63.129.16', 'metadata of Azure'],
  ['192.0.0.192', 'metadata of Oracle Cloud'],
  ['224.0.0.1', 'a group'],
  ['255.255.255.255', 'everybody'],
  ['240.0.0.1', 'nobody yet'],
  ['192.0.2.1', 'documentation'],
  ['198.18.0.1', 'benchmarks'],
  ['::', 'this machine'],
  ['::1', 'this machine'],
  ['::127.0.0.1', 'this machine, in a form that is no longer used'],
  ['fe80::1', 'a link'],
  ['fe80::1%eth0', 'a link'],
  ['fec0::1', 'a site'],
  ['fc00::1', 'a private network'],
  ['fd00:ec2::254', 'metadata of AWS'],
  ['ff02::1', 'a group'],
  ['2001:db8::1', 'documentation'],
  ['::ffff:127.0.0.1', 'this machine, mapped'],
  ['::ffff:a9fe:a9fe', 'metadata, mapped'],
  ['64:ff9b::7f00:1', 'this machine, translated'],
  ['2002:7f00:1::', 'this machine, by 6to4'],
  ['2001:0:7f00:1::', 'Teredo'],
  ['localhost', 'no address'],
  ['', 'no address'],
])('%s is not: %s', (address) => {
  expect(isPublicAddress(address)).toBe(false)
})

test.each([
  ['http://2130706433/', true],
  ['http://0177.0.0.1/', true],
  ['http://127.1/', true],
  ['http://[::ffff:7f00:1]/', true],
  ['http://LOCALHOST/', true],
  ['http://api.localhost./', true],
  ['http://1.1.1.1/', false],
  ['http://[2606:4700:4700::1111]/', false],
  ['http://shop.example/', false],
  ['http://localhost.example/', false],
])('the host of %s is private: %s', (url, expected) => {
  expect(isPrivateHost(new URL(url))).toBe(expected)
})

test('a connection by a name does not come to be if the name leads to this machine', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, resolve))
  const { port } = server.address() as AddressInfo
  let connections = 0
  server.on('connection', () => {
    connections += 1
  })
  for (const autoSelectFamily of [true, false]) {
    const error = await new Promise<Error>((resolve, reject) => {
      const socket = connect({ host: 'localhost', port, lookup: lookupPublic, autoSelectFamily })
      socket.on('error', resolve)
      socket.on('connect', () => reject(new Error('it came to be')))
    })
    expect(error.name).toBe('PrivateAddress')
  }
  expect(connections).toBe(0)
  await new Promise((resolve) => server.close(resolve))
})
