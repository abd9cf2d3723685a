import { writeFileSync } from 'node:fs'
import { faultsFile, faultsMarkdown } from './support/faults-markdown.ts'
import { reference, referenceFile } from './support/reference.ts'

writeFileSync(referenceFile, reference())
writeFileSync(faultsFile, faultsMarkdown())
