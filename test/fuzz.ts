import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const help = `npm run fuzz -- [--seconds 60] [--seed <number>] [name…]

Tries every property of the fuzz tests (files named *fuzz*) for so long, from a seed that changes with the time of day, or
from --seed. A failure names its seed, and running it with that seed shows it at once. Names choose among the files: http, sse, expr, json-edit, dialects, admin, data-plane-fuzz.`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    help: { type: 'boolean', default: false },
  },
})
const milliseconds = Number(values.seconds) * 1000
if (values.help || !(milliseconds > 0) || !Number.isInteger(Number(values.seed))) {
  process.stderr.write(`${help}\n`)
  process.exit(values.help ? 0 : 2)
}
process.stdout.write(`seed ${values.seed}, ${values.seconds} s for each property\n`)
const names = positionals.flatMap((name) => (name.includes('fuzz') ? [name] : [`fuzz-${name}`, `${name}/test/fuzz`]))
const child = spawn('vitest', ['run', '--no-isolate', ...(names.length > 0 ? names : ['fuzz']), '--testTimeout', String(milliseconds * 10 + 60_000)], {
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  stdio: 'inherit',
  env: { ...process.env, SLUICE_FUZZ_MS: String(milliseconds), SLUICE_FUZZ_SEED: values.seed },
})
child.on('exit', (code) => process.exit(code ?? 1))
