import { readFileSync } from 'node:fs'
import { ConfigFile } from '../src/config-file.ts'

// Writes to the file that it is given until it is killed; says so once it has begun.
const [, , file = ''] = process.argv
const config = new ConfigFile(file, readFileSync(file, 'utf8'))
for (let count = 1; ; count++) {
  await config.write(`# ${count}\n${`line ${count}\n`.repeat(20_000)}# end ${count}\n`)
  if (count === 1) process.stdout.write('begun\n')
}
