import { writeFileSync } from 'node:fs'
import { clientTranslators, embeddingsTranslators, rulesMarkdown } from '@sluice/dialects'
import { commandsFile, commandsMarkdown } from './support/commands-markdown.ts'
import { faultsFile, faultsMarkdown } from './support/faults-markdown.ts'
import { readmeFile, readmeWithMatrix } from './support/matrix-markdown.ts'
import { reference, referenceFile, schemaFile, schemaText } from './support/reference.ts'

writeFileSync(referenceFile, reference())
writeFileSync(schemaFile, schemaText())
writeFileSync(commandsFile, commandsMarkdown())
writeFileSync(faultsFile, faultsMarkdown())
writeFileSync(new URL('../packages/dialects/TRANSLATION.md', import.meta.url), rulesMarkdown([...clientTranslators, ...embeddingsTranslators]))
writeFileSync(readmeFile, await readmeWithMatrix())
