import type { Json } from '../translate/json.ts'
import type { TranslationContext } from '../translate/translation-context.ts'

/** Bedrock tells how long an answer took; the clock here knows whole seconds. */
export function metricsFor({ options, startedAt }: TranslationContext): Json {
  return { latencyMs: Math.max(0, options.now() - startedAt) * 1000 }
}
