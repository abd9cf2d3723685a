import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import type { Env, FileStore, GatewaySettings } from '@sluice/config'
import { startMockLlm, type MockLlm } from '@sluice/mock-llm'
import type { BuiltInOptions } from './built-in.ts'
import { Gateway } from './gateway.ts'
import { InvalidConfigError } from './invalid-config-error.ts'
import { Primary } from './primary.ts'
import { processLog, type ProcessLog } from './process-log.ts'
import { Configuration } from './configuration.ts'
import type { KernelSource } from './read-config.ts'
import { watchFaults } from './watch-faults.ts'
import { welcome } from './welcome.ts'

/** Milliseconds for which a process that has nothing left to do may still be kept by something. */
const lingerMs = 500

export interface MockAddress {
  readonly host: string
  readonly port: number
}

export interface StartOptions {
  readonly file: string
  readonly env: Env
  readonly builtIn: BuiltInOptions
  readonly mockLlm?: MockAddress
}

/** Runs a gateway until it is told to stop; gives the exit code. Rejects where it cannot start. */
export async function start({ file, env, builtIn, mockLlm }: StartOptions): Promise<number> {
  const log = processLog()
  watchFaults(log)
  const text = await readFile(file, 'utf8')
  const mock = mockLlm && (await startMockLlm({ ...mockLlm, tokensPerSecond: 40, firstTokenMs: 200, keepRequests: 0 }))
  const source = { file, text, env, builtIn, log }
  let configuration: Configuration
  let gateway: Gateway | Primary
  try {
    configuration = await Configuration.open(source)
    gateway = await startGateway(source, configuration)
  } catch (error) {
    await mock?.close()
    throw error
  }
  log.level = gateway.settings.log.level
  process.stderr.write(welcome(gateway, file, mock?.url))
  const { watched } = configuration
  if (gateway.settings.store.type !== 'memory') {
    watched.watch(
      (changed) => reload(gateway, changed, log),
      ({ message }) => log.error({ problems: [message] }, 'the configuration cannot be read; the one before it goes on serving'),
    )
  }
  return untilStopped(gateway, watched, mock, log)
}

/** One process where one serves: others cost something only where there are some. */
async function startGateway(source: KernelSource, configuration: Configuration): Promise<Gateway | Primary> {
  const count = workersOf(configuration.read.settings)
  return count === 1 ? Gateway.serve(source, configuration) : Primary.start(source, configuration, count)
}

function workersOf({ workers }: GatewaySettings): number {
  return workers === 'auto' ? availableParallelism() : workers
}

async function reload(gateway: Gateway | Primary, text: string, log: ProcessLog): Promise<void> {
  try {
    await gateway.apply(text)
    log.level = gateway.settings.log.level
    log.info({ routes: gateway.routes.length }, 'the configuration has changed')
  } catch (error) {
    const problems = error instanceof InvalidConfigError ? error.problems : [(error as Error).message]
    log.error({ problems }, 'the changed configuration is refused; the one before it goes on serving')
  }
}

/** The first signal drains, a second one ends at once. */
function untilStopped(gateway: Gateway | Primary, watched: FileStore, mock: MockLlm | undefined, log: ProcessLog): Promise<number> {
  return new Promise((resolve) => {
    let stopping = false
    const stop = async (signal: string): Promise<void> => {
      if (stopping) return process.exit(130)
      stopping = true
      log.info({ signal, running: gateway.running }, 'stopping: no new connections, what runs may finish')
      watched.close()
      const inTime = await gateway.drain()
      await mock?.close()
      if (!inTime) log.warn({}, 'some exchanges did not finish in time and were cut off')
      log.info({}, 'stopped')
      for (const name of ['SIGINT', 'SIGTERM'] as const) process.removeAllListeners(name)
      // What a plugin has left running, an interval for one, is not to keep the process.
      setTimeout(() => process.exit(), lingerMs).unref()
      resolve(0)
    }
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, (name) => void stop(name))
    process.on('SIGHUP', () => void gateway.reopenLog())
  })
}
