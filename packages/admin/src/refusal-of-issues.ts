import type { Kind } from '@sluice/config'
import { formatPath, type Issue } from '@sluice/kernel'
import { refuse, type Refusal } from './refusal.ts'

/** 400 with every problem of a change. `kind`, `id`: what was to be written. */
export function refusalOf(issues: readonly Issue[], kind: Kind, id: string): Refusal {
  return refuse(400, textOf(issues, kind, id))
}

/** Problems in one text, in APISIX’s words where it has some; the paths of those of `kind` and `id` begin below it. */
export function textOf(issues: readonly Issue[], kind?: Kind, id?: string): string {
  const invalid: string[] = []
  const plugins = new Map<string, string[]>()
  const sentences: string[] = []
  for (const { path, message } of issues) {
    const isOwn = path[0] === kind && path[1] === id
    const field = isOwn ? path.slice(2) : path
    const whole = sentenceOf(field, message)
    if (whole !== undefined) sentences.push(isOwn ? whole : `${formatPath(path)}: ${whole}`)
    else if (isOwn && field[0] === 'plugins' && typeof field[1] === 'string') plugins.set(field[1], [...(plugins.get(field[1]) ?? []), problem(field.slice(2), message)])
    else invalid.push(problem(field, message))
  }
  if (invalid.length > 0) sentences.unshift(`invalid configuration: ${invalid.join('; ')}`)
  const prefix = kind === 'consumers' || kind === 'credentials' ? 'invalid plugins configuration: ' : ''
  for (const [name, problems] of plugins) sentences.push(`${prefix}failed to check the configuration of plugin ${name} err: ${problems.join('; ')}`)
  return sentences.join('; ')
}

function problem(field: Issue['path'], message: string): string {
  return field.length === 0 ? message : `${formatPath(field)}: ${message}`
}

const dangling = /^refers to (.+) \[([^\]]*)\], which does not exist$/

/** Problems for which APISIX has a sentence of its own. */
function sentenceOf(field: Issue['path'], message: string): string | undefined {
  const [, noun, id] = dangling.exec(message) ?? []
  if (noun !== undefined) return `failed to fetch ${noun} info by ${noun} id [${id}], response code: 404`
  const isPlugin = field.length === 2 && field[0] === 'plugins'
  if (message.startsWith('unknown plugin [')) return message
  if (isPlugin && message === 'is not supported yet') return `plugin ${String(field[1])} is not supported yet`
  if (message.startsWith("failed to validate the 'vars' expression")) return `${formatPath(field)}: ${message}`
  return undefined
}
