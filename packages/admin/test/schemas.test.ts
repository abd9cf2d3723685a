import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Kernel, silent } from '@sluice/kernel'
import { expect, onTestFinished, test } from 'vitest'
import { createControl } from '../src/index.ts'
import { startAdmin } from './support/admin-world.ts'

test('lists plugins by priority, and shows what each takes', async () => {
  const { ask } = await startAdmin()
  expect((await ask('GET', '/apisix/admin/plugins/list?gateway_group_id=default')).body).toEqual(['key-auth', 'ai-proxy', 'relay'])
  expect((await ask('GET', '/apisix/admin/plugins/list?subsystem=stream')).body).toEqual([])
  const { body } = await ask('GET', '/apisix/admin/plugins/ai-proxy')
  expect(body).toMatchObject({ type: 'object', properties: { provider: {}, _meta: {} } })
  expect(body.required).toContain('provider')
  expect(body.required).not.toContain('timeout')
  expect((await ask('GET', '/apisix/admin/schema/plugins/key-auth?schema_type=consumer')).body.properties).toHaveProperty('key')
  expect(await ask('GET', '/apisix/admin/plugins/nothing')).toMatchObject({ status: 404, body: { error_msg: 'plugin not found in subsystem http' } })
  expect(await ask('GET', '/apisix/admin/plugins/http-proxy')).toMatchObject({ status: 404 })
  expect((await ask('GET', '/apisix/admin/plugins?all=true')).body['key-auth']).toMatchObject({ schema: {}, consumer_schema: {}, metadata_schema: {}, priority: 2500, type: 'auth' })
  expect(await ask('PUT', '/apisix/admin/plugins/reload')).toMatchObject({ status: 200, body: 'done' })
  expect(await ask('GET', '/apisix/admin/plugins/reload')).toMatchObject({ status: 405 })
})

test('shows the schemas of resources by their singular names', async () => {
  const { ask } = await startAdmin()
  const { body } = await ask('GET', '/apisix/admin/schema/route')
  expect(body.properties).toHaveProperty('uri')
  expect(body.required ?? []).not.toContain('priority')
  expect(await ask('GET', '/apisix/admin/schema/nothing')).toMatchObject({ status: 400, body: { error_msg: 'not found schema: nothing' } })
})

test('checks one resource without writing it or looking at what it refers to', async () => {
  const { ask, store } = await startAdmin()
  expect(await ask('POST', '/apisix/admin/schema/validate/routes', { uri: '/x', service_id: 'nowhere' })).toMatchObject({ status: 200, body: '' })
  expect(await ask('POST', '/apisix/admin/schema/validate/routes', { uri: 7, service_id: 'x' })).toMatchObject({ status: 400, body: { error_msg: 'invalid configuration: uri: must be string' } })
  expect(await ask('POST', '/apisix/admin/schema/validate/global_rules', { plugins: {} })).toMatchObject({ status: 200 })
  expect(await ask('POST', '/apisix/admin/schema/validate/nothing', {})).toMatchObject({ status: 404 })
  expect(store.state('default')?.revision).toBe(0)
})

test('manages gateway groups by id and by name', async () => {
  const { ask } = await startAdmin()
  expect((await ask('GET', '/api/version')).body).toEqual({ value: 'dev' })
  expect((await ask('GET', '/api/schema/core')).body).toEqual({ value: {} })
  expect((await ask('GET', '/api/status')).body).toEqual({ status: 'ok', version: '1.2.3' })
  const made = await ask('POST', '/api/gateway_groups', { name: 'Second', description: 'of two', labels: { a: 'b' } })
  expect(made).toMatchObject({ status: 200, body: { value: { name: 'Second', id: expect.any(String), created_at: expect.any(Number) } } })
  const { id } = made.body.value
  expect(await ask('GET', '/api/gateway_groups?page_size=1')).toMatchObject({ body: { total: 2, list: [{ id: 'default', name: 'default' }] } })
  expect(await ask('GET', '/api/gateway_groups?name=Second&search=Second')).toMatchObject({ body: { total: 1, list: [{ id }] } })
  expect(await ask('GET', '/api/gateway_groups/Second')).toMatchObject({ body: { value: { id, description: 'of two' } } })
  expect(await ask('PUT', '/api/gateway_groups/third', { id: 'third', name: 'Third' })).toMatchObject({ status: 200, body: { value: { id: 'third' } } })
  expect(await ask('PUT', '/api/gateway_groups/third', { name: 'Second' })).toMatchObject({ status: 409 })
  expect(await ask('POST', '/api/gateway_groups', { name: '' })).toMatchObject({ status: 400, body: { error_msg: 'invalid configuration: name: must not be empty' } })
  expect(await ask('DELETE', '/api/gateway_groups/default')).toMatchObject({ status: 409 })
  expect(await ask('DELETE', '/api/gateway_groups/Second')).toMatchObject({ status: 200 })
  expect(await ask('GET', `/api/gateway_groups/${id}`)).toMatchObject({ status: 404, body: { error_msg: 'resource not found' } })
})

test('describes itself in a document that is OpenAPI', async () => {
  const { ask } = await startAdmin()
  const { body } = await ask('GET', '/apisix/admin/openapi.json')
  const result = await new Validator().validate(body)
  expect(result.errors).toBeUndefined()
  expect(result.valid).toBe(true)
  expect(body.openapi).toBe('3.1.0')
  expect(body.paths['/apisix/admin/routes/{id}'].put.requestBody.content['application/json'].schema.allOf).toContainEqual({ $ref: '#/components/schemas/routes' })
  expect(body.components.schemas['plugin.ai-proxy'].properties).toHaveProperty('provider')
  const operations = Object.values(body.paths as object).flatMap((item: object) => Object.values(item).map((operation: { operationId?: string }) => operation.operationId)).filter(Boolean)
  expect(new Set(operations).size).toBe(operations.length)
})

test('tells tools on the same machine what is served, and no secret', async () => {
  const { ask, store } = await startAdmin()
  await ask('PUT', '/apisix/admin/routes/1', { uri: '/x', plugins: { 'ai-proxy': { provider: 'openai', auth: { header: { Authorization: 'Bearer sk-1' } } } } })
  await ask('PUT', '/apisix/admin/upstreams/placeholder', undefined)
  const kernel = new Kernel({ plugins: [], log: silent })
  const server = createServer(createControl({ store, kernel, log: silent }).callback()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const get = async (path: string): Promise<{ status: number; body: unknown }> => {
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`)
    return { status: response.status, body: await response.json() }
  }
  expect(await get('/v1/schema')).toMatchObject({ status: 200, body: { main: { route: {}, consumer: {} }, plugins: {}, stream_plugins: {} } })
  expect(await get('/v1/routes')).toMatchObject({ body: [{ key: '/apisix/routes/1', value: { uri: '/x' } }] })
  expect(JSON.stringify(await get('/v1/routes'))).not.toContain('sk-1')
  expect(await get('/v1/route/1')).toMatchObject({ body: { key: '/apisix/routes/1' } })
  expect(await get('/v1/route/2')).toMatchObject({ status: 404, body: { error_msg: 'route[2] not found' } })
  expect(await get('/v1/upstreams')).toMatchObject({ body: [] })
  expect(await get('/v1/healthcheck')).toMatchObject({ body: [] })
  expect(await get('/v1/plugin_metadatas')).toMatchObject({ body: [] })
  expect(await get('/nothing')).toMatchObject({ status: 404, body: { error_msg: 'there is nothing here' } })
})
