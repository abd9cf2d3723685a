import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { root } from './workspace.ts'

/** Milliseconds after which nothing comes any more that has not come yet; ten times what a slow machine takes. */
export const patienceMs = 20_000

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A child process, with what it has said so far. It ends with the test. */
export interface Program {
  readonly pid: number
  stdout(): string
  stderr(): string
  /** What `pattern` finds in its output, as soon as it is there. Rejects when the program ends or takes too long without it. */
  says(pattern: RegExp, from?: 'stdout' | 'stderr'): Promise<RegExpExecArray>
  signal(name: NodeJS.Signals): void
  /** Reads nothing that it says from now on: its pipes are broken. */
  closeOutput(): void
  /** Resolves once it has ended and all that it said has been read. */
  readonly exited: Promise<Exit>
}

export interface ProgramOptions {
  /** The repository's root unless given. */
  readonly cwd?: string
  /** All that it sees of an environment beside PATH and HOME. */
  readonly env?: Readonly<Record<string, string>>
  /** Signals go to everything that it has started, too: for programs that start others, as npx does. */
  readonly group?: boolean
}

/** Runs a file with this Node, or `command` with its arguments. */
export function runProgram(
  command: readonly string[],
  { cwd = root, env = {}, group = false }: ProgramOptions = {},
): Program {
  const [file = '', ...args] = command
  const { PATH = '', HOME = tmpdir() } = process.env
  const child = spawn(file, args, {
    cwd,
    env: { PATH, HOME, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: group,
  })
  const said = { stdout: '', stderr: '' }
  const listeners = new Set<() => void>()
  const tell = (): void => listeners.forEach((listener) => listener())
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text
      tell()
    })
  }
  let hasEnded = false
  const exited = once(child, 'close').then(([code, signal]) => {
    hasEnded = true
    tell()
    return { code, signal } as Exit
  })
  const signal = (name: NodeJS.Signals): void => {
    if (!hasEnded) process.kill(group ? -child.pid! : child.pid!, name)
  }
  onTestFinished(async () => {
    signal('SIGKILL')
    await exited
  })
  const everything = (): string => `\n--- stdout\n${said.stdout}\n--- stderr\n${said.stderr}`

  return {
    pid: child.pid!,
    stdout: () => said.stdout,
    stderr: () => said.stderr,
    exited,
    signal,
    closeOutput() {
      child.stdout.destroy()
      child.stderr.destroy()
    },
    says(pattern, from = 'stderr') {
      const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>()
      const fail = (why: string): void =>
        reject(new Error(`${pattern} was not said on ${from}: ${why}${everything()}`))
      const look = (): void => {
        const found = pattern.exec(said[from])
        if (found) resolve(found)
        else if (hasEnded) fail('the program has ended')
      }
      listeners.add(look)
      const timer = setTimeout(fail, patienceMs, `not within ${patienceMs} ms`)
      look()
      return promise.finally(() => {
        listeners.delete(look)
        clearTimeout(timer)
      })
    },
  }
}

/** Half of the time that the program takes to start goes into reading its sources; they are kept as Node has read them. */
const compiled = join(root, 'node_modules/.cache/node-compile')

/** The program `sluice`, from its source. */
export function sluice(args: readonly string[], { env = {}, ...options }: ProgramOptions = {}): Program {
  const command = [process.execPath, join(root, 'packages/gateway/src/main.ts'), ...args]
  return runProgram(command, { ...options, env: { NODE_COMPILE_CACHE: compiled, ...env } })
}

/** Runs it to its end. */
export async function sluiceDone(
  args: readonly string[],
  options?: ProgramOptions,
): Promise<Exit & { stdout: string; stderr: string }> {
  const program = sluice(args, options)
  const exit = await program.exited
  return { ...exit, stdout: program.stdout(), stderr: program.stderr() }
}

/** A folder outside the repository that is gone after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-test-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }))
  return folder
}

/** Listens on any free ports. */
export const anyPorts = { listen: { port: 0 }, status: { listen: { port: 0 } } }

export interface RunningGateway {
  /** Such as `http://127.0.0.1:41234`. */
  readonly url: string
  readonly statusUrl: string
  readonly program: Program
  readonly file: string
  readonly folder: string
}

/** Starts `sluice` as a child process with `text` as its file, an object as JSON, and waits until it serves. */
export async function runGateway(
  config: string | object,
  {
    folder,
    args = [],
    ...options
  }: ProgramOptions & { readonly folder?: string; readonly args?: readonly string[] } = {},
): Promise<RunningGateway> {
  const home = folder ?? (await temporaryFolder())
  const file = join(home, 'gateway.yaml')
  await writeFile(file, typeof config === 'string' ? config : JSON.stringify(config, undefined, 2))
  const program = sluice(['start', '-c', file, ...args], options)
  return { ...(await serving(program)), program, file, folder: home }
}

/** Where a program that starts comes to listen. */
export async function serving(program: Program): Promise<{ url: string; statusUrl: string }> {
  const [, url = '', statusUrl = ''] = await program.says(
    /^sluice serves .* on (http:\S+), health on (http:\S+)\/healthz$/m,
  )
  return { url, statusUrl }
}

/** One route with `ai-proxy`, on any ports. */
export function aiConfig(endpoint: string, uri = '/v1/chat/completions'): object {
  return {
    gateway: anyPorts,
    routes: [
      { id: 'ai', uri, plugins: { 'ai-proxy': { provider: 'openai', auth: {}, override: { endpoint } } } },
    ],
  }
}

/** Waits until `isSo` gives something other than false or undefined, looking again and again. */
export async function eventually<T>(
  what: string,
  isSo: () => T | Promise<T>,
  withinMs = patienceMs,
): Promise<Exclude<T, false | undefined>> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const found = await isSo()
    if (found !== false && found !== undefined) return found as Exclude<T, false | undefined>
    if (performance.now() > deadline) throw new Error(`${what}: not within ${withinMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
