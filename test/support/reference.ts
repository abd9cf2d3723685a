import { fileURLToPath } from 'node:url'
import { fileJsonSchema, referenceMarkdown } from '@sluice/config'
import { builtInPlugins } from '@sluice/gateway'

/** Where the configuration reference lies. */
export const referenceFile = fileURLToPath(new URL('../../packages/config/REFERENCE.md', import.meta.url))

/** The configuration reference as the schemas have it now. */
export function reference(): string {
  return referenceMarkdown(builtInPlugins())
}

/** Where the JSON Schema of the configuration file lies: with the program that reads it. */
export const schemaFile = fileURLToPath(new URL('../../packages/gateway/sluice.schema.json', import.meta.url))

/** The JSON Schema as the schemas have it now. */
export function schemaText(): string {
  return `${JSON.stringify(fileJsonSchema(builtInPlugins()), undefined, 1)}\n`
}
