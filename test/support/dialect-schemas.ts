import { readFileSync } from 'node:fs'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'

const folder = new URL('../../packages/testkit/fixtures/', import.meta.url)

interface Bundle {
  $id: string
  [member: string]: unknown
}

function compiled(file: string): (name: string) => ValidateFunction {
  const { entrypoints: _entrypoints, patches: _patches, ...schema } = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Bundle
  const ajv = new Ajv2020({ strict: false, allErrors: false })
  ajv.addSchema(schema)
  return (name) => {
    const validate = ajv.getSchema(`${schema.$id}#/$defs/${name}`)
    if (!validate) throw new Error(`${file} defines no ${name}`)
    return validate
  }
}

const openAi = compiled('openai-schemas.strict.json')
const anthropic = compiled('anthropic-schemas.json')

const gemini = compiled('gemini-schemas.json')

const bedrock = compiled('bedrock-schemas.json')

const bundles = { openAi, anthropic, gemini, bedrock }

/** What a schema has against a value; nothing where it is valid. */
export function schemaProblems(bundle: keyof typeof bundles, name: string, value: unknown): string[] {
  const validate = bundles[bundle](name)
  validate(value)
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? ''}`)
}
