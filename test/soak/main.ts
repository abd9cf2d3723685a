import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startMockLlm } from '@sluice/mock-llm'
import { GatewayProcess } from '../bench/gateway-process.ts'
import { Guard } from '../bench/guard.ts'
import { print } from '../bench/print.ts'
import { Clients } from './clients.ts'
import { Dice } from './dice.ts'
import { residentOf, sampleAll, type Sample } from './memory.ts'
import { help, readOptions, type Options } from './options.ts'
import { Output } from './output.ts'
import { Reloader } from './reloader.ts'
import { configOf, type Setting } from './soak-config.ts'
import { judge, report } from './verdicts.ts'
import { hangUp } from './visit.ts'

/** How many looks at the memory, the one after the warm-up and the one at the end among them; each takes a pause. */
const [looks, looksOfShort] = [6, 2]
/** Seconds. */
const short = 60
const progressMs = 10_000
/** Milliseconds between two changes of the configuration. */
const reloadPauseMs = 300
/** Milliseconds from the end of the last exchange to a look at the memory. */
const calmMs = 1_000

async function soak(options: Options, folder: string): Promise<boolean> {
  const guard = new Guard(options.keeps ? '' : folder)
  const mocks = [await startMockLlm({ keepRequests: 0 }), await startMockLlm({ keepRequests: 0 })] as const
  let setting: Setting | undefined
  const gateway = await GatewayProcess.start({
    folder,
    upstream: mocks[0].url,
    guard,
    toConfig: (place) => configOf((setting = { ...place, workers: options.workers, faultyUpstream: mocks[1].url }), 0),
  })
  if (!setting) throw new Error('the gateway has no configuration')
  const output = new Output(join(folder, 'output.txt'))
  const clients = new Clients(gateway.url, options)
  const reloader = new Reloader({ file: join(folder, 'gateway.yaml'), setting, output, dice: new Dice(options.seed) })
  const samples: Sample[][] = []
  const began = performance.now()
  const tell = setInterval(() => print(progress(began, clients, reloader, gateway.pid)), progressMs)
  try {
    const parts = options.seconds < short ? looksOfShort : looks
    for (let part = 0; part < parts; part++) {
      await stretch(clients, reloader, (options.seconds * 1_000) / parts)
      samples.push(await sampleAll(gateway.url, options.workers, () => nameOfLook(clients)))
    }
    hangUp()
    await sleep(calmMs)
    await gateway.stop()
    const verdicts = judge({ options, seen: clients.seen, accessLog: gateway.accessLog, output, samples, reloader })
    output.close()
    print(report(verdicts))
    return verdicts.every(({ problems }) => problems.length === 0)
  } finally {
    clearInterval(tell)
    for (const mock of mocks) await mock.close()
    await guard.stop()
  }
}

/** A part of the time under load, to the end of everything that began in it. */
async function stretch(clients: Clients, reloader: Reloader, ms: number): Promise<void> {
  const end = performance.now() + ms
  clients.go()
  while (performance.now() < end) {
    await reloader.next()
    await sleep(reloadPauseMs)
  }
  await clients.rest()
  await sleep(calmMs)
}

/** A look is an exchange like any other, and is to have its line. */
function nameOfLook(clients: Clients): string {
  const name = clients.nextName()
  clients.seen.push({ name, what: 'a look at the memory', fault: 'none', end: 'whole', status: 200, expects: [200] })
  return name
}

function progress(began: number, clients: Clients, { applied, refused }: Reloader, pid: number): string {
  const { whole, error, cut, left, nothing } = clients.tally()
  const minutes = (performance.now() - began) / 60_000
  const rest = nothing > 0 ? `, ${nothing} without an answer` : ''
  return `${minutes.toFixed(1)} min: ${clients.seen.length} requests (${whole} whole, ${error} errors, ${cut} cut, ${left} left${rest}), ${applied} changes, ${refused} refused, ${(residentOf(pid) / 1024 / 1024).toFixed(0)} MiB resident`
}

// Ends at once; the guard tidies up.
process.once('SIGINT', () => process.exit(130))
process.once('SIGTERM', () => process.exit(143))

try {
  const options = readOptions(process.argv.slice(2))
  if (options.wantsHelp) print(help)
  else {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-soak-'))
    print(`seed ${options.seed}, ${options.seconds} s, ${options.clients} clients, Node ${process.version}${options.keeps ? `, everything in ${folder}` : ''}`)
    const isGood = await soak(options, folder)
    if (!options.keeps) rmSync(folder, { recursive: true, force: true })
    if (!isGood) process.exitCode = 1
  }
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exitCode = 1
}
