import { chatRequest, exercise } from '@sluice/testkit'
import { expect, test } from 'vitest'
import { ipRestriction } from '../src/index.ts'

async function statusFor(config: object, remoteAddress: string): Promise<number> {
  return (await exercise(ipRestriction, config, { remoteAddress })).reply.status
}

const list = ['10.0.0.0/8', '192.0.2.7', '2001:db8::/32', '::ffff:198.51.100.0/120']

const known = [
  ['10.255.0.1', true],
  ['::ffff:10.255.0.1', true],
  ['::ffff:aff:1', true],
  ['11.0.0.1', false],
  ['192.0.2.7', true],
  ['192.0.2.8', false],
  ['198.51.100.9', true],
  ['2001:db8:ffff::1', true],
  ['2001:db9::1', false],
  ['fe80::1%eth0', false],
  ['', false],
] as const

test.for(known)('of a list with networks of both kinds, %s is a member: %s', async ([address, isMember]) => {
  expect(await statusFor({ whitelist: list }, address)).toBe(isMember ? 200 : 403)
  expect(await statusFor({ blacklist: list }, address)).toBe(isMember ? 403 : 200)
})

test('it says why, in words and with a status of your own', async () => {
  const denied = { blacklist: ['203.0.113.0/24'] }
  expect((await exercise(ipRestriction, denied, {})).reply).toMatchObject({ status: 403, events: [] })
  const { reply, outcome } = await exercise(ipRestriction, denied, { path: '/else' })
  expect([JSON.parse(reply.body), outcome]).toEqual([
    { message: 'Your IP address is not allowed' },
    'refused',
  ])
  const { reply: other } = await exercise(ipRestriction, { ...denied, message: 'Go away', response_code: 404 }, { path: '/else' })
  expect([other.status, JSON.parse(other.body)]).toEqual([404, { message: 'Go away' }])
})

test('it refuses a chat in the shape that its client reads', async () => {
  const { reply } = await exercise(ipRestriction, { blacklist: ['203.0.113.7'] }, chatRequest('Hello'))
  expect(JSON.parse(reply.body)).toMatchObject({ error: { message: 'Your IP address is not allowed', code: 'ip_not_allowed' } })
})

test.for([
  [{}, 'plugins.ip-restriction: needs whitelist or blacklist'],
  [{ whitelist: ['10.0.0.1'], blacklist: ['10.0.0.2'] }, 'plugins.ip-restriction: takes whitelist or blacklist, not both'],
  [{ whitelist: [] }, 'plugins.ip-restriction.whitelist: must not be empty'],
  [{ whitelist: ['10.0.0.1', '10.0.0.0/33'] }, 'plugins.ip-restriction.whitelist[1]: must be an IPv4 or IPv6 address, or a range'],
  [{ blacklist: ['localhost'] }, 'plugins.ip-restriction.blacklist[0]: must be an IPv4 or IPv6 address, or a range'],
  [{ blacklist: ['10.0.0.1'], response_code: 500 }, 'plugins.ip-restriction.response_code: must be <= 404'],
  [{ blacklist: ['10.0.0.1'], message: '' }, 'plugins.ip-restriction.message: must not be empty'],
] as const)('%j is refused', async ([config, problem]) => {
  await expect(exercise(ipRestriction, config, {})).rejects.toThrow(problem)
})
