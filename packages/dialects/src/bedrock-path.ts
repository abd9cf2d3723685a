import type { SuffixCall } from './dialect-facts.ts'

/**
 * The path of a call to Bedrock: the model's id, or its ARN, in one segment. Undefined where the call names no model, or one
 * that would lead out of its place: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
 */
export function bedrockPath({ model, stream, operation = stream ? '/converse-stream' : '/converse' }: SuffixCall): string | undefined {
  if (model === undefined || model === '' || model.split(/[/\\]/).includes('..')) return undefined
  return `/model/${encoded(model)}${operation}`
}

/** As signatures of Amazon's want it: everything but letters, digits and `-._~`. */
function encoded(model: string): string {
  return encodeURIComponent(model.toWellFormed()).replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}
