import {
  definePlugin,
  Exchange,
  formatPath,
  headerMap,
  json,
  Kernel,
  RequestBody,
  bytesSource,
  silent,
  Type,
  type Plugin,
} from '@sluice/kernel'
import { expect } from 'vitest'
import { checkResources, httpProxy, type Resolved } from '../src/index.ts'

/** What happened to instances, in order: `setup tag a`, `dispose tag a`. */
export type Diary = string[]

const answerer = (name: string, priority: number): Plugin =>
  definePlugin({
    name,
    priority,
    answers: true,
    schema: Type.Object({}, { additionalProperties: true }),
    setup: (config) => ({ proxy: () => json(200, { by: name, config }) }),
  })

/** Plugins to configure: one that tags, some that answer, one that finds consumers, one that counts with others, one that fails and has metadata. */
export function plugins(diary: Diary = []): Plugin[] {
  const tag = (name: string, priority: number): Plugin =>
    definePlugin({
      name,
      priority,
      schema: Type.Object(
        { value: Type.String(), size: Type.Integer({ default: 1 }) },
        { additionalProperties: false },
      ),
      setup({ value }) {
        diary.push(`setup ${name} ${value}`)
        return {
          access: (ctx) => ctx.onReply((reply) => void (reply.headers[`x-${name}`] = value)),
          dispose: () => void diary.push(`dispose ${name} ${value}`),
        }
      },
    })
  return [
    tag('tag', 10),
    tag('label', 20),
    answerer('answer', -5),
    answerer('ai-proxy', 2),
    answerer(httpProxy, 0),
    definePlugin({
      name: 'door',
      priority: 50,
      authenticates: true,
      schema: Type.Object({}, { additionalProperties: false }),
      consumerSchema: Type.Object({ key: Type.String({ minLength: 3, secret: true }) }, { additionalProperties: false }),
      credentialKey: ({ key }) => key,
      setup: () => ({ rewrite: (ctx) => void (ctx.consumer = ctx.consumers.find('door', String(ctx.request.headers['key']))?.consumer) }),
    }),
    definePlugin({
      name: 'tally',
      priority: 6,
      schema: Type.Object({ most: Type.Integer({ default: 1 }), group: Type.Optional(Type.String()) }, { additionalProperties: false }),
      sharedAs: ({ group }) => group,
      setup: () => ({}),
    }),
    definePlugin({
      name: 'fragile',
      priority: 5,
      schema: Type.Object(
        { secret: Type.String({ minLength: 3, secret: true }) },
        { additionalProperties: false, unsupported: ['later'] },
      ),
      metadataSchema: Type.Object({ limit: Type.Integer({ minimum: 1 }) }, { additionalProperties: false }),
      setup: async () => {
        throw new Error('no such thing')
      },
    }),
  ]
}

export function kernelOf(diary?: Diary): Kernel {
  return new Kernel({ plugins: plugins(diary), log: silent, unsupported: ['key-auth'] })
}

/** An environment out of a plain object. */
export function envOf(values: Record<string, string> = {}): (name: string) => string | undefined {
  return (name) => (Object.hasOwn(values, name) ? values[name] : undefined)
}

export function exchange(): Exchange {
  return new Exchange({
    id: 'test',
    log: silent,
    request: {
      method: 'GET',
      path: '/',
      uri: '/',
      query: '',
      headers: headerMap(),
      body: new RequestBody(bytesSource(Buffer.alloc(0)), 1024),
      scheme: 'http',
      httpVersion: '1.1',
      remoteAddress: '127.0.0.1',
      remotePort: 1,
      serverAddress: '127.0.0.1',
      serverPort: 2,
    },
  })
}

/** The least that an upstream needs. */
export const upstream = { nodes: { 'a.example:80': 1 } }

/** What is wrong with a file: `path: message`. */
export function problems(value: unknown, env: Record<string, string> = {}): string[] {
  const { issues, resolved } = checkResources(value, kernelOf(), envOf(env))
  expect(resolved === undefined).toBe(issues.length > 0)
  return issues.map(({ path, message }) => `${formatPath(path)}: ${message}`)
}

/** A file that nothing is wrong with. */
export function resolve(value: unknown, env: Record<string, string> = {}): Resolved {
  const { issues, resolved } = checkResources(value, kernelOf(), envOf(env))
  expect(issues).toEqual([])
  if (!resolved) throw new Error('no issues, and nothing resolved')
  return resolved
}

/** A file of routes, each with an id and a uri where it names none. */
export const routes = (...list: object[]): object => ({
  routes: list.map((one, index) => ({ id: `r${index}`, uri: '/x', ...one })),
})
