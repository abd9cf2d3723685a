import type { SuffixCall } from './dialect-facts.ts'

/**
 * The end of the path of a call to Gemini, from behind the version or the publisher: streams come as events, not as one
 * JSON array. Undefined where the call names no model, or one that would lead out of its place.
 */
export function geminiPath({ model, stream, operation = stream ? ':streamGenerateContent' : ':generateContent' }: SuffixCall): string | undefined {
  const name = model?.replace(/^(?:publishers\/google\/models|models|google)\//, '')
  if (name === undefined || name === '' || name.split(/[/\\]/).includes('..')) return undefined
  const [kind, id] = name.startsWith('tunedModels/') ? ['tunedModels', name.slice('tunedModels/'.length)] : ['models', name]
  const path = `/${kind}/${encodeURIComponent(id.toWellFormed()).replaceAll('%40', '@')}${operation}`
  return stream ? `${path}?alt=sse` : path
}
