import { fileURLToPath } from 'node:url'
import { referenceMarkdown } from '@sluice/config'
import { builtInPlugins } from '@sluice/gateway'

/** Where the configuration reference lies. */
export const referenceFile = fileURLToPath(new URL('../../packages/config/REFERENCE.md', import.meta.url))

/** The configuration reference as the schemas have it now. */
export function reference(): string {
  return referenceMarkdown(builtInPlugins())
}
