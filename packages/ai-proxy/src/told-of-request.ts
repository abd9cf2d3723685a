import type { Account } from '@sluice/ai-core'
import type { Document } from '@sluice/json-edit'

/** What a request says of itself for the log, in the client's dialect. */
export function toldOf(document: Document, dialect: string): Pick<Account, 'toolCount' | 'endUserId'> {
  return { toolCount: toolCountOf(document, dialect), endUserId: endUserOf(document, dialect) }
}

function toolCountOf(document: Document, dialect: string): number {
  const count = lengthAt(document, dialect === 'bedrock-converse' ? ['toolConfig', 'tools'] : ['tools'])
  if (dialect !== 'gemini') return count
  // One tool of Gemini's declares many functions; its own tools declare none.
  let functions = 0
  for (let at = 0; at < count; at++) {
    const declared = ['functionDeclarations', 'function_declarations'].map((name) => lengthAt(document, ['tools', at, name]))
    functions += Math.max(...declared) || 1
  }
  return functions
}

function lengthAt(document: Document, path: readonly (string | number)[]): number {
  return document.kind(path) === 'array' ? (document.length(path) ?? 0) : 0
}

function endUserOf(document: Document, dialect: string): string | undefined {
  const paths = dialect === 'anthropic-messages' ? [['metadata', 'user_id']] : [['safety_identifier'], ['user']]
  for (const path of paths) if (document.kind(path) === 'string') return document.get(path) as string
  return undefined
}
