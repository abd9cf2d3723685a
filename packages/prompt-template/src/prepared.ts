import type { Document } from '@sluice/json-edit'
import { HttpError } from '@sluice/kernel'
import type { Template } from './config.ts'
import { fill, parseText, variablesOf, type Text } from './text.ts'

/** A template, ready to be applied to requests. */
export interface Prepared {
  readonly model: Text | undefined
  readonly messages: readonly { readonly role: string; readonly content: Text }[]
  /** Every variable of it, once. */
  readonly variables: readonly string[]
}

/** Reads a template's texts, which have been checked. */
export function prepare({ model, messages }: Template): Prepared {
  const prepared = {
    model: model === undefined ? undefined : parseText(model).text,
    messages: messages.map(({ role, content }) => ({ role, content: parseText(content).text })),
  }
  const texts = [prepared.model ?? [], ...prepared.messages.map(({ content }) => content)]
  return { ...prepared, variables: [...new Set(texts.flatMap(variablesOf))] }
}

/**
 * Puts a template in place of the members that it consists of and takes away those that it used up: `template_name`
 * and its variables. The others stay as they are. Throws an `HttpError` 400 that names every variable without a value.
 */
export function apply({ model, messages, variables }: Prepared, document: Document): void {
  const values = valuesOf(variables, document)
  const missing = new Set<string>()
  const filled = {
    model: model && fill(model, values, missing),
    messages: messages.map(({ role, content }) => ({ role, content: fill(content, values, missing) })),
  }
  if (missing.size > 0) throw missingVariables([...missing])
  for (const name of ['template_name', ...variables]) document.delete(name)
  if (filled.model !== undefined) document.set('model', filled.model)
  document.set('messages', filled.messages)
}

/** Strings as what they say, everything else as its JSON; `null` is no value. */
function valuesOf(variables: readonly string[], document: Document): Map<string, string> {
  const values = new Map<string, string>()
  for (const name of variables) {
    const kind = document.kind(name)
    if (kind === 'string') values.set(name, document.get(name) as string)
    else if (kind !== undefined && kind !== 'null') values.set(name, String(document.raw(name)))
  }
  return values
}

function missingVariables(names: readonly string[]): HttpError {
  const message = `missing template variable${names.length > 1 ? 's' : ''}: ${names.join(', ')}`
  const [param = ''] = names
  return new HttpError(400, 'template_variable_missing', message, { param })
}
