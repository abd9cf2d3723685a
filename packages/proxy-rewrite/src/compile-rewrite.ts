import { compileMatcher, type Matcher } from '@sluice/expr'
import type { Exchange, Host } from '@sluice/kernel'
import type { Config } from './config.ts'
import type { Scope } from './scope.ts'
import { compileTarget, encodeDecoded, type TargetTemplate, type Written } from './target-template.ts'

/** What an exchange asks for instead; without `target`, for what it asked before. */
export interface Rewrite {
  readonly target?: Written
  readonly groups: Scope['groups']
}

export interface CompiledRewrite {
  of(ctx: Exchange): Rewrite
  readonly needsBody: boolean
}

interface Pair {
  readonly matcher: Matcher
  readonly replacement: TargetTemplate
}

const none: Rewrite = { groups: [] }

/** Compiles `uri`, or else `regex_uri`. */
export function compileRewrite({ uri, regex_uri: written = [], use_real_request_uri_unsafe: isRaw }: Config, variables: Host['variables']): CompiledRewrite {
  if (uri !== undefined) {
    const template = compileTarget(uri, variables, isRaw)
    return { needsBody: template.needsBody, of: (ctx) => ({ target: template.render({ ctx, groups: [] }), groups: [] }) }
  }
  const pairs: Pair[] = []
  for (let index = 0; index < written.length; index += 2) {
    pairs.push({ matcher: compileMatcher(written[index] ?? ''), replacement: compileTarget(written[index + 1] ?? '', variables, isRaw) })
  }
  const encode = isRaw ? (text: string): string => text : encodeDecoded
  return {
    needsBody: pairs.some(({ replacement }) => replacement.needsBody),
    of(ctx) {
      const subject = isRaw ? ctx.request.path : ctx.request.uri
      for (const { matcher, replacement } of pairs) {
        const match = matcher.first(subject)
        if (!match) continue
        const { path, query } = replacement.render({ ctx, groups: match.groups })
        // What stands around the match stays, and it is part of the path.
        return { groups: match.groups, target: { path: `${encode(subject.slice(0, match.start))}${path}${encode(subject.slice(match.end))}`, query } }
      }
      return none
    },
  }
}
