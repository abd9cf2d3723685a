import { oneOf, Type, type Issue, type Static } from '@sluice/kernel'

const MessageSchema = Type.Object(
  {
    role: oneOf(['system', 'user', 'assistant'], { description: 'Who says it.' }),
    content: Type.String({ minLength: 1, description: 'What is said.' }),
  },
  { additionalProperties: false },
)

/** Configuration of `ai-prompt-decorator`. */
export const ConfigSchema = Type.Object(
  {
    prepend: Type.Optional(Type.Array(MessageSchema, { description: 'Messages put before the conversation.' })),
    append: Type.Optional(Type.Array(MessageSchema, { description: 'Messages put after the conversation.' })),
    max_req_body_size: Type.Integer({ minimum: 1, default: 67_108_864, description: 'Largest request body, bytes.' }),
  },
  { additionalProperties: false },
)

export type Config = Static<typeof ConfigSchema>
export type Message = Static<typeof MessageSchema>

/** What the schema cannot say in readable words. */
export function validate({ prepend, append }: Config, path: Issue['path']): readonly Issue[] {
  return prepend || append ? [] : [{ path, message: 'needs prepend, append or both' }]
}
