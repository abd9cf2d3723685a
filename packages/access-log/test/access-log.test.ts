import { execFileSync, spawn } from 'node:child_process'
import { closeSync, constants, existsSync, mkdtempSync, openSync, readFileSync, readSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test, vi } from 'vitest'
import { AccessLog, type AccessLogOptions, type LogTarget } from '../src/index.ts'
import { exchangeOf } from './exchange-of.ts'

const folder = mkdtempSync(join(tmpdir(), 'sluice-access-log-'))
afterAll(() => rmSync(folder, { recursive: true }))

function logTo(path: string, options: Partial<AccessLogOptions> = {}): { log: AccessLog; errors: string[] } {
  const errors: string[] = []
  const log = new AccessLog({ path, line: (ctx) => `${ctx.request.uri}\n`, onError: (error) => errors.push(error.message), ...options })
  return { log, errors }
}

const numbers = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, index) => `line ${from + index}`)
const linesOf = (path: string): string[] => readFileSync(path, 'utf8').split('\n').slice(0, -1)

test('appends a line for each exchange, in order', async () => {
  const path = join(folder, 'plain.log')
  const { log, errors } = logTo(path)
  for (const uri of numbers(0, 3)) log.write(exchangeOf({ uri }))
  await log.flush()
  log.write(exchangeOf({ uri: 'line 3' }))
  await log.close()
  expect(linesOf(path)).toEqual(numbers(0, 4))
  expect(statSync(path).mode & 0o777 & ~process.umask()).toBe(0o640 & ~process.umask())

  const again = logTo(path)
  again.log.append('line 4\n')
  await again.log.close()
  expect(linesOf(path)).toEqual(numbers(0, 5))
  expect([...errors, ...again.errors]).toEqual([])
})

test.for(['close', 'exit'] as const)('ends the half line that a process before it has left, and begins with a line of its own (written at %s)', async (when) => {
  const path = join(folder, `torn-${when}.log`)
  writeFileSync(path, 'whole\nhalf a li')
  const { log } = logTo(path)
  log.append('next\n')
  if (when === 'exit') process.listeners('exit').at(-1)!(0)
  log.append('last\n')
  await log.close()
  expect(readFileSync(path, 'utf8')).toBe('whole\nhalf a li\nnext\nlast\n')
})

test('writes what came within a tenth of a second at once, and much sooner where it is much', async () => {
  const path = join(folder, 'batches.log')
  const { log } = logTo(path)
  log.append('a\n')
  expect(linesOf(path)).toEqual([])
  await vi.waitFor(() => expect(linesOf(path)).toEqual(['a']), { interval: 10, timeout: 15_000 })
  for (const line of numbers(0, 20_000)) log.append(`${line}\n`)
  await vi.waitFor(() => expect(linesOf(path)).toHaveLength(20_001), { interval: 10, timeout: 15_000 })
  expect(linesOf(path).slice(1)).toEqual(numbers(0, 20_000))
  await log.close()
})

test('loses and reorders nothing when the file is rotated', async () => {
  const path = join(folder, 'rotated.log')
  const { log, errors } = logTo(path)
  const rotations: Promise<void>[] = []
  for (let round = 0; round < 5; round++) {
    for (const line of numbers(round * 3_000, round * 3_000 + 3_000)) log.append(`${line}\n`)
    renameSync(path, `${path}.${round}`)
    rotations.push(log.reopen())
    log.append(`after ${round}\n`)
    await rotations.at(-1)
  }
  log.append('the end\n')
  await log.close()
  const all = [0, 1, 2, 3, 4].flatMap((round) => linesOf(`${path}.${round}`)).concat(linesOf(path))
  expect(all).toEqual([0, 1, 2, 3, 4].flatMap((round) => [...numbers(round * 3_000, round * 3_000 + 3_000), `after ${round}`]).concat('the end'))
  expect(linesOf(path)).toEqual(['the end'])
  expect(errors).toEqual([])
})

test('goes on in the old file where the path cannot be opened again', async () => {
  const path = join(folder, 'sub', 'x.log')
  execFileSync('mkdir', [join(folder, 'sub')])
  const { log, errors } = logTo(path)
  renameSync(join(folder, 'sub'), join(folder, 'moved'))
  await log.reopen()
  log.append('line 0\n')
  await log.close()
  expect(linesOf(join(folder, 'moved', 'x.log'))).toEqual(['line 0'])
  expect(errors).toEqual([expect.stringContaining('cannot be opened again; the old file is kept: ENOENT')])
})

test('says at once that a folder does not exist', () => {
  expect(() => logTo(join(folder, 'nowhere', 'x.log'))).toThrow('ENOENT')
  expect(existsSync(join(folder, 'nowhere'))).toBe(false)
})

test('survives a full disk, and says how many lines were lost', async () => {
  const { log, errors } = logTo('/dev/full', { maxHeld: 30 })
  for (const line of numbers(0, 4)) log.append(`${line}\n`)
  await vi.waitFor(() => expect(errors).toEqual([expect.stringContaining('cannot be written; lines are held until it can: ENOSPC')]), { timeout: 15_000 })
  for (const line of numbers(4, 6)) log.append(`${line}\n`)
  await log.close()
  expect(errors.slice(1)).toEqual([expect.stringContaining('access log /dev/full: 6 lines were lost: more came')])
})

function noLine(): string {
  throw new Error('no such line')
}

test('counts a line that cannot be made, and one that comes too late', async () => {
  const { log, errors } = logTo(join(folder, 'broken.log'), { line: noLine })
  log.write(exchangeOf())
  await log.close()
  expect(errors).toEqual([expect.stringContaining('1 line was lost: no such line')])
  expect(() => log.append('late\n')).not.toThrow()
})

function pipeAt(name: string): { path: string; reader: number } {
  const path = join(folder, name)
  execFileSync('mkfifo', [path])
  return { path, reader: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK) }
}

function readAll(fd: number): string {
  const buffer = Buffer.alloc(1 << 20)
  let text = ''
  for (;;) {
    try {
      const size = readSync(fd, buffer)
      if (size === 0) return text
      text += buffer.toString('utf8', 0, size)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return text
      throw error
    }
  }
}

const soon = (): Promise<false> => new Promise((resolve) => setImmediate(resolve, false))

test('holds lines for a slow reader, drops what is too much and says how many', async () => {
  const { path, reader } = pipeAt('slow')
  const { log, errors } = logTo(path, { maxHeld: 300_000 })
  const lines = numbers(10_000, 60_000) // 11 bytes each: more than pipe and memory may hold
  let sent = 0
  for (const line of lines) {
    log.append(`${line}\n`)
    if (++sent % 1000 === 0) await soon()
  }
  let text = ''
  const flushed = log.flush().then(() => true)
  while (!(await Promise.race([flushed, soon()]))) text += readAll(reader)
  log.append('the end\n')
  await log.close()
  text += readAll(reader)
  closeSync(reader)

  const got = text.split('\n').slice(0, -1)
  const lost = Number(/: (\d+) lines were lost/.exec(errors[0]!)?.[1])
  expect(got.length + lost).toBe(lines.length + 1)
  expect(lost).toBeGreaterThan(lines.length - (300_000 + 3 * 65_536) / 11)
  expect(got).toEqual([...lines.slice(0, got.length - 1), 'the end'])
})

test('writes a line that came, and whose time came, while another write was stuck', async () => {
  const { path, reader } = pipeAt('stuck-for-a-while')
  const { log } = logTo(path)
  log.append(`${'x'.repeat(100_000)}\n`) // more than a pipe holds
  await vi.waitFor(() => expect(readSync(reader, Buffer.alloc(1))).toBe(1), { timeout: 15_000 })
  const since = performance.now()
  log.append('small\n')
  await vi.waitFor(() => expect(performance.now() - since).toBeGreaterThan(200), { timeout: 15_000 })
  let text = ''
  await vi.waitFor(() => expect((text += readAll(reader)).endsWith('x\nsmall\n')).toBe(true), { interval: 10, timeout: 15_000 })
  await log.close()
  closeSync(reader)
})

test('survives a reader that has gone', async () => {
  const { path, reader } = pipeAt('gone')
  const { log, errors } = logTo(path)
  closeSync(reader)
  for (const line of numbers(0, 3)) log.append(`${line}\n`)
  await log.flush()
  log.append('line 3\n')
  await log.close()
  expect(errors).toEqual([expect.stringMatching(/4 lines were lost: .*EPIPE/)])
})

test('begins anew on a line of its own after one that was torn', async () => {
  const { path, reader } = pipeAt('torn')
  const { log, errors } = logTo(path)
  log.append(`${'x'.repeat(100_000)}\n`) // more than a pipe holds
  await vi.waitFor(() => expect(readSync(reader, Buffer.alloc(1))).toBe(1), { timeout: 15_000 })
  closeSync(reader)
  await log.flush()
  const other = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  expect(readAll(other).endsWith('x')).toBe(true)
  log.append('whole\n')
  await log.close()
  expect(readAll(other)).toBe('\nwhole\n')
  expect(errors).toEqual([expect.stringMatching(/1 line was lost: .*EPIPE/)])
  closeSync(other)
})

test('ends within seconds though nobody reads', async () => {
  const { path, reader } = pipeAt('stuck')
  const { log, errors } = logTo(path)
  for (const line of numbers(0, 50_000)) log.append(`${line}\n`)
  await log.close()
  expect(errors).toEqual([expect.stringMatching(/\d+ lines were lost: .*EAGAIN/)])
  closeSync(reader)
}, 20_000)

const program = (body: string): string => `
  import { AccessLog } from ${JSON.stringify(fileURLToPath(new URL('../src/index.ts', import.meta.url)))}
  const log = new AccessLog({ path: '/dev/stdout', line: () => '', onError: (error) => process.stderr.write(error.message + '\\n') })
  for (let index = 0; index < 30_000; index++) log.append('line ' + index + '\\n')
  ${body}
`

function run(body: string): Promise<{ out: string; err: string; code: number | null }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program(body)], { stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''
    let err = ''
    child.stdout.on('data', (chunk) => (out += chunk))
    child.stderr.on('data', (chunk) => (err += chunk))
    child.on('close', (code) => resolve({ out, err, code }))
  })
}

test.for(['', 'await log.close()', 'await log.reopen(); await log.flush()'])('writes everything to standard output before the process ends (%s)', async (body) => {
  expect(await run(body)).toEqual({ out: `${numbers(0, 30_000).join('\n')}\n`, err: '', code: 0 })
})

test('writes what it can when the process exits at once', async () => {
  const { out, code } = await run('process.exit(3)')
  expect(code).toBe(3)
  expect(out.startsWith('line 0\nline 1\n')).toBe(true)
})

test('hands lines to a target in place of a file, one batch after the other, and counts what that does not take', async () => {
  const batches: string[] = []
  const taking: (() => void)[] = []
  const target: LogTarget = {
    path: '/elsewhere.log',
    endsTorn: () => false,
    write: (bytes) => {
      batches.push(Buffer.from(bytes).toString())
      return new Promise((resolve) => taking.push(() => resolve(bytes.byteLength)))
    },
    writeSync: (bytes) => bytes.byteLength,
    reopen: async () => {},
    close: async () => {},
  }
  const { log, errors } = logTo('/elsewhere.log', { target, maxHeld: 20 })
  log.append('line 0\n')
  const first = log.flush()
  await vi.waitUntil(() => batches.length === 1, { timeout: 15_000 })
  log.append('line 1\n')
  log.append('line 2\nline 3\n')
  expect(batches).toEqual(['line 0\n'])
  taking[0]!()
  await first
  const closing = log.close()
  await vi.waitUntil(() => batches.length === 2, { timeout: 15_000 })
  taking[1]!()
  await closing
  expect(batches[1]).toBe('line 1\n')
  expect(errors).toEqual(['access log /elsewhere.log: 2 lines were lost: more came than could be written'])
})
