import { definePlugin, Type, type ConsumerInfo } from '@sluice/kernel'
import { exercise, type Exercised } from '@sluice/testkit'
import { describe, expect, test } from 'vitest'
import { consumerRestriction } from '../src/index.ts'

/** Makes somebody the consumer, on a service. */
const as = (consumer: ConsumerInfo | undefined): ReturnType<typeof definePlugin> =>
  definePlugin({
    name: 'as',
    priority: 1,
    schema: Type.Object({}),
    setup: () => ({
      rewrite(ctx) {
        ctx.consumer = consumer
        if (consumer?.name === 'anna') ctx.route = { id: 'test', serviceId: 'billing' }
      },
    }),
  })

function ask(config: object, consumer: ConsumerInfo | undefined, method = 'GET'): Promise<Exercised> {
  return exercise(consumerRestriction, config, { path: '/anything', method }, { behind: [as(consumer)] })
}

const anna = { name: 'anna', groupId: 'gold' }
const bob = { name: 'bob' }
const byMethods = { allowed_by_methods: [{ user: 'anna', methods: ['GET'] }, { user: 'anna', methods: ['POST'] }] }

describe('who may pass', () => {
  test.for<[what: string, config: object, consumer: ConsumerInfo, status: number, method?: string]>([
    ['who is on the whitelist', { whitelist: ['anna'] }, anna, 200],
    ['nobody else', { whitelist: ['anna'] }, bob, 403],
    ['not who is on the blacklist', { blacklist: ['anna'] }, anna, 403],
    ['everybody else', { blacklist: ['anna'] }, bob, 200],
    ['not who is on both', { whitelist: ['anna'], blacklist: ['anna'] }, anna, 403],
    ['with a method that is allowed', byMethods, anna, 200, 'GET'],
    ['not with another', byMethods, anna, 403, 'POST'],
    ['with any, who is not named', byMethods, bob, 200, 'DELETE'],
    ['with any, who is on the whitelist too', { whitelist: ['anna'], ...byMethods }, anna, 200, 'POST'],
    ['who is in the group', { type: 'consumer_group_id', whitelist: ['gold'] }, anna, 200],
    ['not who is in another', { type: 'consumer_group_id', whitelist: ['silver'] }, anna, 403],
    ['on that service', { type: 'service_id', whitelist: ['billing'] }, anna, 200],
    ['on that route', { type: 'route_id', whitelist: ['test'] }, bob, 200],
    ['not on that one', { type: 'route_id', blacklist: ['test'] }, bob, 403],
    ['nobody whose name is in every object', { blacklist: ['x'], whitelist: ['y'] }, { name: 'constructor' }, 403],
  ])('%s: %j', async ([, config, consumer, status, method]) => {
    expect((await ask(config, consumer, method)).reply.status).toBe(status)
  })
})

describe('a refusal', () => {
  test.for<[config: object, status: number, message: string]>([
    [{ blacklist: ['anna'] }, 403, 'The consumer_name is forbidden.'],
    [{ type: 'consumer_group_id', blacklist: ['gold'], rejected_code: 429 }, 429, 'The consumer_group_id is forbidden.'],
    [{ blacklist: ['anna'], rejected_msg: 'ask Bob', rejected_code: 404 }, 404, 'ask Bob'],
  ])('says why: %j', async ([config, status, message]) => {
    const { reply, outcome } = await ask(config, anna)
    expect([reply.status, JSON.parse(reply.body), outcome]).toEqual([status, { message }, 'refused'])
  })

  test.for<[config: object, consumer: ConsumerInfo | undefined, what: string]>([
    [{ blacklist: ['x'] }, undefined, 'consumer_name'],
    [{ type: 'consumer_group_id', blacklist: ['x'] }, bob, 'consumer_group_id'],
    [{ type: 'service_id', blacklist: ['x'] }, bob, 'service_id'],
  ])('is a 401 where there is nothing to judge: %j', async ([config, consumer, what]) => {
    const { reply } = await ask(config, consumer)
    expect([reply.status, JSON.parse(reply.body)]).toEqual([401, { message: `The request is rejected, please check the ${what} for this request` }])
  })
})

test.for<[config: object, message: string]>([
  [{}, 'needs one of whitelist, blacklist and allowed_by_methods'],
  [{ whitelist: [] }, 'must not be empty'],
  [{ whitelist: ['a'], type: 'consumer' }, 'must be one of consumer_name'],
  [{ allowed_by_methods: [{ user: 'a', methods: ['FETCH'] }] }, 'must be one of GET'],
])('a configuration is refused: %j', async ([config, message]) => {
  await expect(ask(config, anna)).rejects.toThrow(message)
})
