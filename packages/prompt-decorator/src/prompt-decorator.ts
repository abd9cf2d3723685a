import { detectDialect, passedOperation, refuseDuplicates } from '@sluice/ai-core'
import { definePlugin, type Plugin } from '@sluice/kernel'
import { ConfigSchema, validate } from './config.ts'
import { decorationsOf, decorated } from './decorations.ts'

/** Puts fixed messages before and after the conversation, where the client's dialect keeps them; edits bytes and reads no message. */
export const promptDecorator: Plugin = definePlugin({
  name: 'ai-prompt-decorator',
  priority: 1070,
  sharesInstances: true,
  schema: ConfigSchema,
  validate,
  setup: ({ prepend = [], append = [], max_req_body_size: limit }) => {
    if (prepend.length + append.length === 0) return {}
    const decorations = decorationsOf({ prepend, append })
    return {
      rewrite({ request: { uri, body } }) {
        if (passedOperation(uri) !== undefined) return undefined
        return body.whenRead(() => {
          const { document } = body
          if (document.kind([]) !== 'object') return // in no dialect, and nothing to put messages into: the answerer refuses it
          refuseDuplicates(document, decorated)
          decorations[detectDialect(uri, document) ?? 'openai-chat']?.(document)
        }, limit)
      },
    }
  },
})
