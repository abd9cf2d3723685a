import { isRecord } from '../is-record.ts'
import type { FunctionTool } from '../pivot/chat-request.ts'
import { malformed } from '../translate/errors.ts'
import { objectIn, textIn, type Json } from '../translate/json.ts'

/** A tool whose input is a text of its own kind, as a function with one argument: every provider knows those. */
export function customToolToChat({ name: given, description, format }: Json, at: string): FunctionTool {
  const name = textIn(given)
  if (name === undefined) throw malformed('a tool without a name', `${at}.name`)
  const about = [typeof description === 'string' ? description : '', grammarOf(format)].filter((text) => text !== '').join('\n\n')
  return {
    type: 'function',
    function: {
      name,
      ...(about !== '' && { description: about }),
      parameters: { type: 'object', properties: { input: { type: 'string' } }, required: ['input'], additionalProperties: false },
    },
  }
}

/** The grammar in words: nobody but OpenAI holds a model to it. */
function grammarOf(format: unknown): string {
  if (!isRecord(format) || format['type'] !== 'grammar' || typeof format['definition'] !== 'string') return ''
  const syntax = format['syntax'] === 'regex' ? 'matches this regular expression' : 'follows this Lark grammar'
  return `The input ${syntax}:\n${format['definition']}`
}

/** The input of a custom call as the arguments of a function. */
export function argumentsFor(input: unknown): string {
  return JSON.stringify({ input: typeof input === 'string' ? input : '' })
}

/** The input in the arguments of a function; all of them where the model has forgotten to wrap it. */
export function inputIn(text: string): string {
  const input = objectIn(text)?.['input']
  return typeof input === 'string' ? input : text
}
