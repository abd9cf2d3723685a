import { writeFileSync } from 'node:fs'
import { clientTranslators, rulesMarkdown } from '@sluice/dialects'
import { faultsFile, faultsMarkdown } from './support/faults-markdown.ts'
import { reference, referenceFile } from './support/reference.ts'

writeFileSync(referenceFile, reference())
writeFileSync(faultsFile, faultsMarkdown())
writeFileSync(new URL('../packages/dialects/TRANSLATION.md', import.meta.url), rulesMarkdown(clientTranslators))
