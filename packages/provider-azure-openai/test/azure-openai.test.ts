import type { Dialect, ProviderConf } from '@sluice/provider'
import { describe, expect, test } from 'vitest'
import { azureOpenai } from '../src/index.ts'

const speeches = Object.entries(azureOpenai.speaks)
const origin = azureOpenai.origin as (conf: ProviderConf) => string | undefined
const problems = (conf: ProviderConf, endpoint?: string) => azureOpenai.problems!({ conf, endpoint })
const path = (dialect: Dialect, conf: ProviderConf, model?: string) =>
  azureOpenai.speaks[dialect]!.path!({ conf, stream: false, ...(model !== undefined && { model }) })

test.for(speeches)('takes the model out of %s where a deployment in the path is the model', ([, speech]) => {
  expect(speech.omits!('/openai/deployments/gpt-4/chat/completions')).toEqual(['model'])
  expect(speech.omits!('/team-a/openai/deployments/gpt-4/chat/completions')).toEqual(['model'])
})

test.for(speeches)('leaves the model in %s where the body must name it, which is the deployment', ([, speech]) => {
  expect(speech.omits!('/openai/v1/chat/completions')).toEqual([])
  expect(speech.omits!('/models/chat/completions')).toEqual([])
  expect(speech.omits!('/openai/deployments')).toEqual([])
  expect(speech.model!({ deployment: 'd' })).toBe('d')
  expect(speech.model!({})).toBeUndefined()
})

describe('the address', () => {
  test('has a host that the resource names', () => {
    expect(origin({ resource: 'My-Resource' })).toBe('https://my-resource.openai.azure.com')
    expect(origin({})).toBeUndefined()
  })

  test.for<[Dialect, string]>([['openai-chat', '/chat/completions'], ['openai-embeddings', '/embeddings']])('has a path for %s that the deployment names', ([dialect, operation]) => {
    const conf = { deployment: 'gpt-4o_2.prod', api_version: '2024-10-21' }
    expect(path(dialect, conf, 'gpt-4')).toBe(`/openai/deployments/gpt-4o_2.prod${operation}?api-version=2024-10-21`)
    expect(path(dialect, { api_version: '2025-04-01-preview' }, 'gpt-4')).toBe(`/openai/deployments/gpt-4${operation}?api-version=2025-04-01-preview`)
    expect(path(dialect, { deployment: 'd' }, 'gpt-4')).toBe(`/openai/v1${operation}`)
  })

  test.for([undefined, '', '..', 'a/b', 'a?b', 'a%2fb', 'a b', '.a', 'x'.repeat(129)])('has no path with a model of %j', (model) => {
    expect(path('openai-chat', { api_version: '2024-10-21' }, model)).toBeUndefined()
  })
})

describe('a configuration', () => {
  test.for<[ProviderConf, string | undefined]>([
    [{}, 'https://x.openai.azure.com/openai/deployments/d/chat/completions?api-version=2024-10-21'],
    [{ deployment: 'd', api_version: '2024-10-21' }, 'https://x.openai.azure.us'],
    [{ resource: 'x', deployment: 'd', api_version: '2025-04-01-preview' }, undefined],
    [{ resource: 'x' }, undefined],
  ])('%j with an endpoint of %j is complete', ([conf, endpoint]) => {
    expect(problems(conf, endpoint)).toEqual([])
  })

  test.for<[ProviderConf, string | undefined, string]>([
    [{}, undefined, 'azure-openai requires override.endpoint'],
    [{}, '', 'azure-openai requires override.endpoint'],
    [{ deployment: 'd', api_version: '2024-10-21' }, undefined, 'azure-openai requires provider_conf.resource or override.endpoint'],
    [{ resource: 'x' }, 'https://x.openai.azure.com', 'leave one of them out'],
    [{ deployment: 'd' }, 'https://x.openai.azure.com/openai/v1', 'override.endpoint has one'],
    [{ api_version: '2024-10-21' }, 'https://x.openai.azure.com/openai/v1', 'override.endpoint has one'],
    [{ resource: 'evil.example/' }, undefined, 'resource is not the name'],
    [{ resource: 'a-' }, undefined, 'resource is not the name'],
    [{ resource: 'x', deployment: '..' }, undefined, 'deployment is not the name'],
    [{ resource: 'x', api_version: '2024/10/21' }, undefined, 'api_version is not a version'],
  ])('%j with an endpoint of %j has a problem: %s', ([conf, endpoint, problem]) => {
    expect(problems(conf, endpoint)).toEqual([expect.stringContaining(problem)])
  })

  test('with a resource that would change the host has no address', () => {
    expect(origin({ resource: 'evil.example/' })).toBeUndefined()
  })
})
