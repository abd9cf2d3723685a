import { once } from 'node:events'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { freePort } from './support/free-port.ts'
import { startHeldUpstream, type HeldAnswer, type HeldUpstream } from './support/held-upstream.ts'
import { eventually, runProgram, serving, sluiceDone, temporaryFolder } from './support/program.ts'
import { openRaw, type RawReading } from './support/raw-client.ts'
import { openSocket } from './support/raw-socket.ts'
import { runWorkers, workersConfig, type RunningWorkers } from './support/run-workers.ts'
import { root } from './support/workspace.ts'

// Each test runs several programs, on a machine that may be doing something else.
vi.setConfig({ testTimeout: 90_000 })
afterAll(() => vi.resetConfig())

interface Running {
  readonly reading: RawReading
  readonly held: HeldAnswer
  readonly pid: string
}

/** Streams that run, by the worker that each runs on; each of the two has some. */
async function streamsOnBoth({ stream }: RunningWorkers, upstream: HeldUpstream): Promise<Map<string, Running[]>> {
  const byPid = new Map<string, Running[]>()
  while (byPid.size < 2) {
    const opening = stream()
    const held = await upstream.next()
    held.say('one')
    const { reading, pid } = await opening
    await reading.until('one')
    byPid.set(pid, [...(byPid.get(pid) ?? []), { reading, held, pid }])
  }
  return byPid
}

const isGone = (pid: string): boolean => {
  try {
    return !process.kill(Number(pid), 0)
  } catch {
    return true
  }
}

async function finish({ reading, held }: Running): Promise<boolean> {
  held.say('two')
  held.finish()
  const { isWhole, body } = await reading.rest()
  return isWhole && /"one"[^]*"two"[^]*\[DONE\]/.test(body.toString())
}

/** Starts with a configuration of the plugin that does not serve, until it has ended. */
async function startWith(probe: object): Promise<{ code: number | null; stderr: string }> {
  const folder = await temporaryFolder()
  const file = join(folder, 'gateway.yaml')
  await writeFile(file, JSON.stringify(await workersConfig(folder, { probe })))
  const { code, stderr } = await sluiceDone(['start', '-c', file])
  return { code, stderr: stderr.replace(file, '') }
}

describe('two workers', () => {
  test('serve side by side, count together, and write every exchange into one log, once', async () => {
    const gateway = await runWorkers()
    await gateway.pids()
    const asked = await Promise.all(Array.from({ length: 60 }, (_, index) => gateway.ask(index % 2 ? '/do/count' : '/do/say')))
    expect(new Set(asked.map(({ pid }) => pid)).size).toBe(2)
    const counts = asked.flatMap(({ body }) => (body as { value?: number }).value ?? [])
    expect(counts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, index) => index + 1))
    expect((await gateway.ask('/do/count-to-10')).body).toMatchObject({ added: false, value: 30 })

    // Long lines in the gateway's own log, from both at once.
    await Promise.all(Array.from({ length: 20 }, () => gateway.ask('/do/log')))
    const ids = await Promise.all(Array.from({ length: 100 }, async () => (await openRaw(`${gateway.url}/nowhere`)).id))
    gateway.program.signal('SIGTERM')
    expect(await gateway.program.exited).toEqual({ code: 0, signal: null })
    const logged = await gateway.loggedIds()
    expect(new Set(logged).size).toBe(logged.length)
    expect(ids.filter((id) => !logged.includes(id))).toEqual([])

    const lines = gateway.program.stderr().split('\n').filter((line) => line.startsWith('{'))
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg).filter((message) => message === 'a long line')).toHaveLength(20)
    expect(lines.length).toBe(gateway.program.stderr().split('\n').filter((line) => line.includes('"level"')).length)
  })

  test('take a change all or none of them: what one of them cannot set up is refused, each problem once', async () => {
    const gateway = await runWorkers()
    await gateway.pids()
    const answers = async (): Promise<readonly unknown[]> => {
      const all = await Promise.all(Array.from({ length: 8 }, () => gateway.ask('/do/say')))
      expect(new Set(all.map(({ pid }) => pid)).size).toBe(2)
      return [...new Set(all.map(({ body }) => (body as { says: string }).says))]
    }
    await gateway.change({ says: 'second' })
    await gateway.program.says(/the configuration has changed/)
    expect(await answers()).toEqual(['second'])

    await gateway.change({ says: 'third', unless: gateway.file })
    const [unfit] = await gateway.program.says(/^.*the changed configuration is refused.*$/m)
    expect(JSON.parse(unfit)).toMatchObject({
      problems: [expect.stringMatching(/gateway\.yaml:1:\d+ global_rules\[0\]\.plugins\.probe: cannot be set up: it exists$/)],
    })
    expect(await answers()).toEqual(['second'])

    await gateway.change({ says: 4 }, { routes: [{ id: 'x', uri: 'x' }] })
    const [, second] = await gateway.program.says(/the changed configuration is refused[^]*^(.*the changed configuration is refused.*)$/m)
    expect((JSON.parse(second!) as { problems: string[] }).problems).toHaveLength(3)
    expect(await answers()).toEqual(['second'])

    await gateway.change({ says: 'fifth' })
    await gateway.program.says(/(?:"the configuration has changed"[^]*){2}/)
    expect(await answers()).toEqual(['fifth'])
    expect(gateway.program.stderr().match(/is refused/g)).toHaveLength(2)
  })

  test('finish their streams when SIGTERM comes, also where Ctrl-C reaches every process, and end with 0', async () => {
    const upstream = await startHeldUpstream()
    const gateway = await runWorkers({ endpoint: upstream.url, group: true })
    const running = [...(await streamsOnBoth(gateway, upstream)).values()].flat()
    gateway.program.signal('SIGINT')
    await eventually('an end of its readiness', async () => (await fetch(`${gateway.statusUrl}/readyz`)).status === 503)
    await expect(openRaw(gateway.url)).rejects.toThrow('ECONNREFUSED')
    expect((await fetch(`${gateway.statusUrl}/healthz`)).status).toBe(200)
    expect(await Promise.all(running.map(finish))).toEqual(running.map(() => true))
    expect(await gateway.program.exited).toEqual({ code: 0, signal: null })
    expect(await gateway.loggedIds()).toEqual(expect.arrayContaining(running.map(({ reading }) => reading.id)))
  })

  test('end at once with a second signal; no stream looks finished then', async () => {
    const upstream = await startHeldUpstream()
    const gateway = await runWorkers({ endpoint: upstream.url })
    const byPid = await streamsOnBoth(gateway, upstream)
    gateway.program.signal('SIGTERM')
    await gateway.program.says(/stopping/)
    gateway.program.signal('SIGTERM')
    expect(await gateway.program.exited).toEqual({ code: 130, signal: null })
    for (const { reading } of [...byPid.values()].flat()) expect((await reading.rest()).isWhole).toBe(false)
    await eventually('an end of the workers', () => [...byPid.keys()].every(isGone))
  })
})

describe('a worker that dies', () => {
  test('is replaced, and said to be; streams of the other one come to their end, its replacement serves what is current, and drains like the other', async () => {
    const upstream = await startHeldUpstream()
    const gateway = await runWorkers({ endpoint: upstream.url, gateway: { drain_timeout_ms: 100 } })
    await gateway.pids()
    await gateway.change({ says: 'second' })
    await gateway.program.says(/the configuration has changed/)
    const byPid = await streamsOnBoth(gateway, upstream)
    const [[victim, lost], [survivor, kept]] = [...byPid] as [[string, Running[]], [string, Running[]]]
    process.kill(Number(victim), 'SIGKILL')
    for (const { reading } of lost) expect((await reading.rest()).isWhole).toBe(false)
    const [line] = await gateway.program.says(/^.*has ended with signal SIGKILL.*$/m)
    expect(JSON.parse(line)).toMatchObject({ level: 50, worker_pid: Number(victim), signal: 'SIGKILL', exchanges: expect.any(Number) as number })
    await gateway.program.says(/another worker serves in its place/)

    const pids = await gateway.pids(2)
    expect(pids).toContain(survivor)
    expect(pids).not.toContain(victim)
    const asked = await Promise.all(Array.from({ length: 8 }, () => gateway.ask('/do/say')))
    expect(new Set(asked.map(({ body }) => (body as { says: string }).says))).toEqual(new Set(['second']))
    expect(await Promise.all(kept.map(finish))).toEqual(kept.map(() => true))

    const late = [...(await streamsOnBoth(gateway, upstream)).values()].flat()
    gateway.program.signal('SIGTERM')
    for (const { reading } of late) {
      const { isWhole, body } = await reading.rest()
      expect([isWhole, body.includes('"error"'), body.includes('[DONE]')]).toEqual([false, true, false])
    }
    expect(await gateway.program.exited).toEqual({ code: 0, signal: null })
    expect(gateway.program.stderr()).toContain('did not finish in time')
    expect(await gateway.loggedIds()).toEqual(expect.arrayContaining(late.map(({ reading }) => reading.id)))
  })

  test('of an exception says so, and how many exchanges it had, loses no line that was written, and leaves nothing behind in the primary', async () => {
    const upstream = await startHeldUpstream()
    const gateway = await runWorkers({ endpoint: upstream.url })
    await gateway.pids()
    const filesOpen = async (): Promise<number> => (await readdir(`/proc/${gateway.program.pid}/fd`)).length
    const before = await filesOpen()
    const byPid = await streamsOnBoth(gateway, upstream)
    const ids: string[] = []
    for (let death = 1; death <= 2; death++) {
      const { id, headers } = await openRaw(`${gateway.url}/do/throw`, { method: 'GET' })
      ids.push(id)
      const pid = String(headers['x-pid'])
      const [line] = await gateway.program.says(new RegExp(`^.*"worker_pid":${pid}.*has ended.*$`, 'm'))
      expect(JSON.parse(line)).toMatchObject({ code: 1, signal: null, exchanges: byPid.get(pid)?.length ?? 0 })
      await gateway.program.says(new RegExp(`(?:"another worker serves in its place"[^]*){${death}}`))
    }
    expect(gateway.program.stderr().match(/out of a timer.*an exception that nobody caught ends this process/g)).toHaveLength(2)
    for (const { reading } of [...byPid.values()].flat()) reading.hangUp()
    await eventually('no more open files than at first', async () => (await filesOpen()) <= before)
    expect(await gateway.loggedIds()).toEqual(expect.arrayContaining(ids))
  })

  test('as often as it is started is started ever more seldom; where none is left clients are let go, and once one can serve again, it does', async () => {
    const folder = await temporaryFolder()
    const obstacle = join(folder, 'obstacle')
    const gateway = await runWorkers({ folder })
    const victims = await gateway.pids()
    await gateway.change({ says: 'second', unless: obstacle })
    await gateway.program.says(/the configuration has changed/)
    await writeFile(obstacle, '')
    const began = performance.now()
    for (const victim of victims) process.kill(Number(victim), 'SIGKILL')
    await eventually('an end of its readiness', async () => (await fetch(`${gateway.statusUrl}/readyz`)).status === 503)
    await expect(gateway.ask('/do/say')).rejects.toThrow(/socket hang up|ECONNRESET/)
    const failures = (): number => gateway.program.stderr().match(/the worker that takes its place does not serve/g)?.length ?? 0
    await eventually('three failures of each', () => failures() >= 6)
    expect(performance.now() - began).toBeGreaterThan(100 + 200 + 400)
    expect(gateway.program.stderr()).toMatch(/"problems":\["[^"]*cannot be set up: it exists/)
    await rm(obstacle)
    await eventually('its readiness', async () => (await fetch(`${gateway.statusUrl}/readyz`)).status === 200)
    expect((await gateway.ask('/do/say')).body).toEqual({ says: 'second' })
  })

  test('gives back the connections that it had not accepted: they are served by the other one', async () => {
    const gateway = await runWorkers()
    const [stuck, other] = await gateway.pids()
    process.kill(Number(stuck), 'SIGSTOP')
    const asking = Array.from({ length: 6 }, () => gateway.ask('/do/say'))
    // Whoever is not stuck has answered all that it was given.
    await Promise.race(asking)
    process.kill(Number(stuck), 'SIGKILL')
    const answers = await Promise.all(asking)
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200])
    expect(answers.map(({ pid }) => pid)).toContain(other)
    expect(answers.map(({ pid }) => pid)).not.toContain(stuck)
  })
})

test('a connection has the time limits that it has in one process; a primary that does not answer costs a plugin that counts a second, and an error of its own', async () => {
  const { url, program } = await runWorkers({ gateway: { header_timeout_ms: 500, request_timeout_ms: 1_000 } })
  const slow = await openSocket(url)
  slow.write('GET / HTTP/1.1\r\nhos')
  const [late] = (await once(slow, 'data')) as [Buffer]
  expect(late.toString()).toMatch(/^HTTP\/1\.1 408 /)

  const socket = await openSocket(url)
  let text = ''
  socket.setEncoding('latin1').on('data', (more: string) => (text += more))
  socket.write('GET /do/count HTTP/1.1\r\nhost: x\r\n\r\n')
  await eventually('a count', () => text.includes('"value":1'))
  program.signal('SIGSTOP')
  text = ''
  socket.write('GET /do/count HTTP/1.1\r\nhost: x\r\n\r\n')
  await eventually('an answer without a count', () => text.includes('}'))
  program.signal('SIGCONT')
  expect(text).toMatch(/^HTTP\/1\.1 503 [^]*\{"unavailable":true,"message":"the primary process has not answered within 1000 ms"\}$/)
  text = ''
  socket.write('GET /do/count HTTP/1.1\r\nhost: x\r\n\r\n')
  await eventually('a count', () => text.includes('"value":3'))
})

describe('the primary', () => {
  test('that dies takes its workers with it, and leaves the ports free for the next', async () => {
    const gateway = { listen: { port: await freePort() }, status: { listen: { port: await freePort() } } }
    const first = await runWorkers({ gateway })
    const pids = await first.pids()
    first.program.signal('SIGKILL')
    await first.program.exited
    await eventually('an end of the workers', () => pids.every(isGone))
    const restarted = performance.now()
    const second = await runWorkers({ gateway, folder: first.folder })
    expect((await second.ask('/do/say')).status).toBe(200)
    expect(performance.now() - restarted).toBeLessThan(20_000) // two seconds, on a machine that does something else
    expect(second.url).toBe(first.url)
  })
})

describe('sluice start with workers', () => {
  test('fails with what a worker cannot set up, or with how it ended', async () => {
    const [unfit, dead] = await Promise.all([startWith({ unless: root }), startWith({ dies: true })])
    expect(unfit).toEqual({ code: 1, stderr: expect.stringMatching(/^:1:\d+ global_rules\[0\]\.plugins\.probe: cannot be set up: it exists\n$/) as string })
    expect(dead).toEqual({ code: 1, stderr: expect.stringMatching(/^sluice: worker [12] does not serve: it ended with exit code 3\n$/) as string })
  })

  test('runs in one process where auto finds one core', async () => {
    const folder = await temporaryFolder()
    const file = join(folder, 'gateway.yaml')
    await writeFile(file, JSON.stringify(await workersConfig(folder, { probe: {}, gateway: { workers: 'auto' } })))
    const main = join(root, 'packages/gateway/src/main.ts')
    const program = runProgram(['taskset', '-c', '0', process.execPath, main, 'start', '-c', file])
    const { url } = await serving(program)
    const { headers } = await openRaw(`${url}/do/say`, { method: 'GET' })
    expect(headers['x-pid']).toBe(String(program.pid))
  })
})
