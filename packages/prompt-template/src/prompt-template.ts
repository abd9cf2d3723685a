import { passedOperation, refuseDuplicates } from '@sluice/ai-core'
import type { Document } from '@sluice/json-edit'
import { definePlugin, HttpError, type Plugin } from '@sluice/kernel'
import { ConfigSchema, validate } from './config.ts'
import { apply, prepare, type Prepared } from './prepared.ts'

/** Fills in a prompt that the request names and puts it in place of the conversation; the request's other members go on as they are. */
export const promptTemplate: Plugin = definePlugin({
  name: 'ai-prompt-template',
  priority: 1071,
  sharesInstances: true,
  schema: ConfigSchema,
  validate,
  setup: ({ templates, max_req_body_size: limit }) => {
    const byName = new Map(templates.map(({ name, template }) => [name, prepare(template)]))
    return {
      rewrite({ request: { uri, body } }) {
        if (passedOperation(uri) !== undefined) return undefined
        return body.whenRead(() => {
          const { document } = body
          refuseDuplicates(document, ['template_name'])
          const template = templateOf(document, byName)
          refuseDuplicates(document, ['model', 'messages', ...template.variables])
          apply(template, document)
        }, limit)
      },
    }
  },
})

function templateOf(document: Document, byName: ReadonlyMap<string, Prepared>): Prepared {
  const name = document.kind('template_name') === 'string' ? (document.get('template_name') as string) : ''
  if (name === '') throw refusal('template_name_missing', 'template name is missing in request.')
  const template = byName.get(name)
  if (template) return template
  const shown = name.length > 64 ? `${name.slice(0, 64)}…` : name
  throw refusal('template_not_configured', `template: ${shown} not configured.`)
}

function refusal(code: string, message: string): HttpError {
  return new HttpError(400, code, message, { param: 'template_name' })
}
