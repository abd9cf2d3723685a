import { oneOf, Type, type Issue, type Static } from '@sluice/kernel'
import { parseText } from './text.ts'

const TemplateSchema = Type.Object(
  {
    model: Type.Optional(Type.String({ minLength: 1, description: 'The model asked for; without it the client names one.' })),
    messages: Type.Array(
      Type.Object(
        {
          role: oneOf(['system', 'user', 'assistant'], { description: 'Who says it.' }),
          content: Type.String({ minLength: 1, description: 'What is said; {{name}} and {{name|default}} are filled in.' }),
        },
        { additionalProperties: false },
      ),
      { minItems: 1, description: 'The conversation.' },
    ),
  },
  { additionalProperties: false },
)

/** Configuration of `ai-prompt-template`. */
export const ConfigSchema = Type.Object(
  {
    templates: Type.Array(
      Type.Object(
        {
          name: Type.String({ minLength: 1, description: 'What a request names in `template_name`.' }),
          template: TemplateSchema,
        },
        { additionalProperties: false },
      ),
      { minItems: 1, description: 'The prompts that clients may ask for.' },
    ),
    max_req_body_size: Type.Integer({ minimum: 1, default: 67_108_864, description: 'Largest request body, bytes.' }),
  },
  { additionalProperties: false },
)

export type Config = Static<typeof ConfigSchema>
export type Template = Static<typeof TemplateSchema>

/** Names that stand twice, and placeholders that are none. */
export function validate({ templates }: Config, path: Issue['path']): readonly Issue[] {
  const issues: Issue[] = []
  const seen = new Set<string>()
  for (const [index, { name, template }] of templates.entries()) {
    const at = [...path, 'templates', index]
    if (seen.has(name)) issues.push({ path: [...at, 'name'], message: `another template is called ${name}` })
    seen.add(name)
    for (const [where, text] of textsOf(template)) {
      for (const problem of parseText(text).problems) issues.push({ path: [...at, 'template', ...where], message: problem })
    }
  }
  return issues
}

function textsOf({ model, messages }: Template): [(string | number)[], string][] {
  const contents = messages.map(({ content }, index): [(string | number)[], string] => [['messages', index, 'content'], content])
  return model === undefined ? contents : [[['model'], model], ...contents]
}
