import { isDeepStrictEqual } from 'node:util'
import { dialects, type Call, type Provider, type ProviderConf, type Speech } from '@sluice/provider'
import { checkFixture } from './check-fixture.ts'
import { fixtures, readFixture, type Fixture } from './fixtures.ts'

export interface CheckOptions {
  /** A `provider_conf` with which the provider must find nothing wrong. */
  conf?: ProviderConf
  /** Recorded answers beside those that come with this package. */
  answers?: readonly (Omit<Fixture, 'file'> & { readonly body: Buffer })[]
}

type Report = (problem: string) => void

const usual: ProviderConf = { project_id: 'my-project', region: 'us-central1' }

/** Configurations as users write them, some by mistake, some with intent. */
const confs: readonly ProviderConf[] = [
  {},
  usual,
  { project_id: 'example.com:my-project', region: 'global' },
  { region: 'eu' },
  { project_id: '../..', region: 'evil.example/' },
  { project_id: 'a b?c#d', region: '@evil.example' },
  { resource: 'my-resource', deployment: 'gpt-4o', api_version: '2024-10-21' },
  { resource: 'my-resource', api_version: '2025-04-01-preview' },
  { resource: 'evil.example/', deployment: '../..', api_version: 'a&b#c' },
]

const models = [undefined, 'some-model', 'vendor/model:free', '../../other', 'a b?c=d#e']

/** Holds a provider against the contract and against the recorded answers of that provider. Gives one sentence for each problem. */
export function checkProvider(provider: Provider, { conf = usual, answers = [] }: CheckOptions = {}): string[] {
  const problems = new Set<string>()
  const report: Report = (problem) => void problems.add(problem)
  checkName(provider, report)
  checkPlace(provider, report)
  checkHeaders(provider, report)
  for (const [dialect, speech] of Object.entries(provider.speaks)) {
    if (!(dialects as readonly string[]).includes(dialect)) report(`speaks ${dialect}, which is no dialect`)
    checkSpeech(dialect, speech, report)
  }
  if (Object.keys(provider.speaks).length === 0) report('speaks no dialect')
  checkProblems(provider, conf, report)
  const own = fixtures().filter((fixture) => fixture.provider === provider.name)
  for (const answer of [...own.map((fixture) => ({ ...fixture, body: readFixture(fixture) })), ...answers]) {
    for (const problem of checkFixture(answer, provider)) report(`fixture ${answer.id}: ${problem}`)
  }
  return [...problems]
}

function checkName({ name }: Provider, report: Report): void {
  if (!/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(name)) report(`the name ${JSON.stringify(name)} is not in lower case with dashes, such as azure-openai`)
}

function checkPlace({ origin, base }: Provider, report: Report): void {
  for (const conf of confs) {
    const place = `with provider_conf ${JSON.stringify(conf)}`
    const host = typeof origin === 'function' ? pure(() => origin(Object.freeze({ ...conf })), `origin ${place}`, report) : origin
    if (host !== undefined && !isHttpsOrigin(host)) report(`origin ${place} is ${JSON.stringify(host)}: must be a scheme of https and a host`)
  }
  checkBase(base, 'base', report)
}

function checkBase(base: Speech['base'], what: string, report: Report): void {
  for (const conf of confs) {
    const place = `${what} with provider_conf ${JSON.stringify(conf)}`
    const path = typeof base === 'function' ? pure(() => base(Object.freeze({ ...conf })), place, report) : base
    if (path !== undefined && path !== '' && !isPlainPath(path)) {
      report(`${place} is ${JSON.stringify(path)}: must be a path that begins with a slash and ends without one`)
    }
  }
}

function checkHeaders({ headers = {} }: Provider, report: Report): void {
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[a-z0-9-]+$/.test(name)) report(`header ${name} is not in lower case`)
    if (/authorization|cookie|token|secret|api-?key/.test(name)) report(`header ${name} is a credential: those are the route's`)
    if (typeof value !== 'string' || value === '' || /[\r\n]/.test(value)) report(`header ${name} has no value that could be sent`)
  }
}

function calls(): Call[] {
  const asked = models.flatMap((model) => [false, true].map((stream) => ({ stream, ...(model !== undefined && { model }) })))
  return confs.flatMap((conf) => asked.map((one) => Object.freeze({ ...one, conf: Object.freeze({ ...conf }) })))
}

function checkSpeech(dialect: string, { base, path, model, omits, tokenLimit }: Speech, report: Report): void {
  checkBase(base, `the base for ${dialect}`, report)
  if (path) {
    for (const call of calls()) {
      const place = `the path for ${dialect} with ${JSON.stringify(call)}`
      const found = pure(() => path(call), place, report)
      if (found !== undefined && !isAbsolutePath(found)) report(`${place} is ${JSON.stringify(found)}: must be an encoded path from the root`)
    }
  }
  if (model) for (const conf of confs) pure(() => model(Object.freeze({ ...conf })), `model of ${dialect} with ${JSON.stringify(conf)}`, report)
  if (omits) {
    for (const at of ['/v1/chat/completions', '/openai/deployments/gpt-4/chat/completions', '/']) {
      const names = pure(() => omits(at), `omits(${at}) for ${dialect}`, report)
      if (!isTexts(names)) report(`omits(${at}) for ${dialect} gives no list of member names`)
    }
  }
  if (!tokenLimit) return
  const { member, replaces = [] } = tokenLimit
  if (!/^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$/.test(member)) report(`the token limit of ${dialect} has no member name`)
  if (!isTexts(replaces) || replaces.includes(member)) report(`the token limit of ${dialect} replaces must name other members than ${member}`)
}

function checkProblems({ name, origin, problems }: Provider, conf: ProviderConf, report: Report): void {
  const ask = (asked: ProviderConf, endpoint: string | undefined): readonly string[] => {
    if (!problems) return []
    const place = `problems() with ${JSON.stringify({ conf: asked, endpoint })}`
    const found = pure(() => problems(Object.freeze({ conf: Object.freeze({ ...asked }), endpoint })), place, report)
    if (isTexts(found)) return found
    report(`${place} gives no list of sentences`)
    return []
  }
  for (const one of confs) ask(one, undefined)
  const unexpected = ask(conf, 'https://provider.example/v1/chat/completions')
  if (unexpected.length > 0) report(`problems() finds fault with a complete configuration: ${unexpected.join('; ')}`)
  if (origin === undefined && ask({}, undefined).length === 0) report(`problems() must ask for override.endpoint: ${name} has no origin`)
}

/** Asks twice: contracts are pure, so both answers are alike and nothing is thrown. */
function pure<T>(ask: () => T, what: string, report: Report): T | undefined {
  try {
    const first = ask()
    if (!isDeepStrictEqual(first, ask())) report(`${what} is not pure: it gave two answers to one question`)
    return first
  } catch (error) {
    report(`${what} threw: ${error instanceof Error ? error.message : String(error)}`)
    return undefined
  }
}

function isHttpsOrigin(text: string): boolean {
  return text.startsWith('https://') && URL.canParse(text) && new URL(text).origin === text
}

function isPlainPath(path: string): boolean {
  return isAbsolutePath(path) && !path.endsWith('/') && !path.includes('?')
}

/** What a URL parser would change was not encoded, or climbs. */
function isAbsolutePath(path: string): boolean {
  if (!/^\/(?!\/)/.test(path) || !URL.canParse(path, 'https://provider.example')) return false
  const { pathname, search, hash } = new URL(path, 'https://provider.example')
  return hash === '' && pathname + search === path
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((text) => typeof text === 'string' && text !== '')
}
