import { writeFileSync } from 'node:fs'
import { reference, referenceFile } from './support/reference.ts'

writeFileSync(referenceFile, reference())
