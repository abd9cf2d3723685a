import { compileMatcher } from '@sluice/expr'
import type { Filter } from './config.ts'
import { compileReplacement } from './replacement.ts'

/** Compiles substitutions that are done one after the other. Throws an `ExprError` where a text is too long for so large a pattern. */
export function compileFilters(filters: readonly Filter[]): (text: string) => string {
  const steps = filters.map(({ regex, scope, replace, options }) => {
    const matcher = compileMatcher(regex, {
      ignoreCase: options.includes('i'),
      multiline: options.includes('m'),
      dotAll: options.includes('s'),
    })
    const replacement = compileReplacement(replace)
    return (text: string): string => {
      let result = ''
      let from = 0
      for (const { start, end, groups } of matcher.all(text)) {
        result += text.slice(from, start) + replacement(groups)
        from = end
        if (scope === 'once') break
      }
      return result + text.slice(from)
    }
  })
  return (text) => steps.reduce((so, step) => step(so), text)
}
