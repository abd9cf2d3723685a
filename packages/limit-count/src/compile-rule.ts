import { hash } from 'node:crypto'
import { compileTemplate, type Template } from '@sluice/expr'
import type { Exchange, Host } from '@sluice/kernel'
import type { Config } from './config.ts'

/** One limit for one request. */
export interface Limit {
  readonly key: string
  readonly count: number
  readonly windowMs: number
}

export interface CompiledRule {
  /** The limit that applies; undefined: this rule has none for this request. */
  limitFor(ctx: Exchange): Limit | undefined
  /** Whether it looks into the body, which must have been read. */
  readonly needsBody: boolean
}

/** A rule as either way of writing it gives it. */
export interface RuleInit {
  readonly count: number | string
  readonly windowSeconds: number | string
  readonly key: string
  readonly keyType: Config['key_type']
  /** What counts where the key has no value; without it, the rule does not apply then. */
  readonly otherwise?: (ctx: Exchange) => string
}

type Variables = Host['variables']
type Read<T> = (ctx: Exchange) => T | undefined

/** Compiles one rule. What it counts begins with `prefix`. */
export function compileRule({ count, windowSeconds, key, keyType, otherwise }: RuleInit, prefix: string, variables: Variables): CompiledRule {
  const templates: Template<Exchange>[] = []
  const template = (text: string): Template<Exchange> => {
    const compiled = compileTemplate(text, variables)
    templates.push(compiled)
    return compiled
  }
  const amount = (given: number | string): Read<number> => {
    if (typeof given === 'number') return () => given
    const text = template(given)
    return (ctx) => numberOf(text.render(ctx))
  }
  const countOf = amount(count)
  const secondsOf = amount(windowSeconds)
  const keyOf = keyType === 'constant' ? () => key : valueOf(template(keyType === 'var' ? `\${${key.replace(/^\$/, '')}}` : key))
  // Windows of different length cannot share a count.
  const isOneWindow = typeof windowSeconds === 'number'

  return {
    needsBody: templates.some(({ needsBody }) => needsBody),
    limitFor(ctx) {
      const most = countOf(ctx)
      const seconds = secondsOf(ctx)
      const who = keyOf(ctx) ?? otherwise?.(ctx)
      if (most === undefined || !seconds || who === undefined) return undefined
      const named = isOneWindow ? who : `${seconds} ${who}`
      return { key: prefix + short(named), count: most, windowMs: seconds * 1000 }
    },
  }
}

function valueOf(text: Template<Exchange>): Read<string> {
  return (ctx) => {
    const { text: value, resolved } = text.renderCounted(ctx)
    return resolved === 0 || value === '' ? undefined : value
  }
}

function numberOf(text: string): number | undefined {
  const number = text.trim() === '' ? Number.NaN : Number(text)
  return number >= 0 && number < Infinity ? number : undefined
}

/** Clients choose what their headers hold, and counts are kept by it. */
function short(key: string): string {
  return key.length > 64 ? `#${hash('sha256', key, 'base64url')}` : key
}
