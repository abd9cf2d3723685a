import type { ProviderConf } from '@sluice/provider'
import { expect, test } from 'vitest'
import { vertexAi } from '../src/index.ts'

const origin = vertexAi.origin as (conf: ProviderConf) => string | undefined
const base = vertexAi.base as (conf: ProviderConf) => string | undefined
const problems = (conf: ProviderConf, endpoint?: string) => vertexAi.problems!({ conf, endpoint })

test.for([
  ['us-central1', 'https://us-central1-aiplatform.googleapis.com'],
  ['global', 'https://aiplatform.googleapis.com'],
  ['us', 'https://aiplatform.us.rep.googleapis.com'],
  ['eu', 'https://aiplatform.eu.rep.googleapis.com'],
] as const)('finds the host of %s', ([region, host]) => {
  expect(origin({ region })).toBe(host)
  expect(base({ project_id: 'p-1', region })).toBe(
    `/v1beta1/projects/p-1/locations/${region}/endpoints/openapi`,
  )
})

test('percent-encodes a project under a domain', () => {
  expect(base({ project_id: 'example.com:p-1', region: 'eu' })).toContain('/projects/example.com%3Ap-1/')
})

const incomplete: ProviderConf[] = [
  {},
  { project_id: 'p-1' },
  { region: 'eu' },
  { project_id: '', region: 'eu' },
]

test.for(incomplete)('refuses %j without an endpoint', (conf) => {
  expect(problems(conf)).toEqual([
    'vertex-ai requires either provider_conf (project_id + region) or override.endpoint',
  ])
  expect(problems(conf, 'https://x.example')).toEqual([])
  expect(base(conf)).toBeUndefined()
})

test('is content with a project and a region', () => {
  expect(problems({ project_id: 'p-1', region: 'us-central1' })).toEqual([])
})

test.for(['evil.example/', 'evil.example#', 'a@b', '-x', 'x-', 'US', 'a.b', 'x'.repeat(53), 'x\n'])(
  'refuses the region %j, which would change the host',
  (region) => {
    expect(origin({ region })).toBeUndefined()
    expect(base({ project_id: 'p-1', region })).toBeUndefined()
    expect(problems({ project_id: 'p-1', region })).toEqual([
      expect.stringContaining('region is not a region'),
    ])
  },
)

const strangers = ['..', '.', 'a/b', 'a?b', 'a b', 'a%2fb', 'p\n']

test.for(strangers)('refuses the project %j, which would change the path', (project) => {
  expect(base({ project_id: project, region: 'eu' })).toBeUndefined()
  expect(problems({ project_id: project, region: 'eu' })).toEqual([
    expect.stringContaining('project_id is not'),
  ])
})
