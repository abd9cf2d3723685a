import { readFileSync } from 'node:fs'
import { ConfigFile } from '../src/config-file.ts'

// Writes once to the file that it is given, not as root, and says what came of it.
const [, , file = ''] = process.argv
if (process.getuid?.() === 0) process.seteuid?.(65_534)
const said = await new ConfigFile(file, readFileSync(file, 'utf8')).write('two').then(
  () => 'written',
  (error: Error) => error.message,
)
process.stdout.write(said)
