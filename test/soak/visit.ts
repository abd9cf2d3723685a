import { Agent, request, type ClientRequest, type IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Dice } from './dice.ts'
import { sound } from './faults.ts'
import { chooseRequest, type Asked } from './requests.ts'
import type { End, Seen } from './seen.ts'

const kept = new Agent({ keepAlive: true, maxFreeSockets: 64 })
const single = new Agent({ keepAlive: false })

/** Milliseconds after which an answer counts as never coming: many times what the gateway's own clocks allow. */
const patienceMs = 60_000

/** Closes what is kept for the next requests. */
export function hangUp(): void {
  kept.destroy()
}

type Manner = 'reads' | 'reads slowly' | 'leaves at once' | 'leaves in the middle' | 'leaves while sending'

const manners: readonly Manner[] = ['reads slowly', 'leaves at once', 'leaves in the middle', 'leaves while sending']

/** One well-formed request of a client that reads its answer, or reads it slowly, or leaves somewhere. */
export async function visit(url: string, name: string, dice: Dice): Promise<Seen> {
  const asked = chooseRequest(dice)
  const manner = dice.perhaps(70) ? 'reads' : dice.oneOf(manners)
  const patience = dice.below(200)
  const req = begin(url, name, asked, dice.perhaps(60) ? kept : single)
  const timer = setTimeout(() => req.destroy(new Error('no answer came')), patienceMs)
  try {
    const { end, status } = await comeThrough(req, asked, manner, patience)
    return { name, what: `${asked.kind.name} of ${asked.fault}, ${manner}`, fault: asked.fault, end, status, expects: expected(asked, manner) }
  } finally {
    clearTimeout(timer)
  }
}

function begin(url: string, name: string, { path, method, body }: Asked, agent: Agent): ClientRequest {
  const headers = { 'x-soak': name, ...(body !== undefined && { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }) }
  return request(`${url}${path}`, { method, agent, headers })
}

function expected({ fault, isRouted }: Asked, manner: Manner): readonly number[] | undefined {
  if (manner.startsWith('leaves') || !sound.has(fault)) return undefined
  return isRouted === 'maybe' ? [200, 404] : [200]
}

interface Came {
  readonly end: End
  readonly status: number | undefined
}

async function comeThrough(req: ClientRequest, { body, kind }: Asked, manner: Manner, patience: number): Promise<Came> {
  let isLeaving = false
  const leave = (): void => {
    isLeaving = true
    req.destroy()
  }
  const head = headOf(req)
  if (manner === 'leaves while sending' && body !== undefined) {
    await sent((done) => req.write(body.slice(0, body.length >> 1), done))
    await sleep(patience)
    leave()
    return { end: 'left', status: (await head)?.statusCode }
  }
  if (manner === 'leaves at once') {
    await sent((done) => req.end(body, done))
    await Promise.race([head, sleep(patience)])
    leave()
    return { end: 'left', status: (await head)?.statusCode }
  }
  req.end(body)
  const res = await head
  if (!res) return { end: 'nothing', status: undefined }
  const text = await read(res, manner, patience, leave)
  return { end: isLeaving ? 'left' : endOf(res, text, kind.terminal), status: res.statusCode }
}

/** Waits until what is sent has left this process: nobody could know of a request that has not. */
function sent(send: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => send(resolve))
}

/** Undefined where the connection ends without one. */
function headOf(req: ClientRequest): Promise<IncomingMessage | undefined> {
  return new Promise((resolve) => {
    req.once('response', resolve)
    req.on('error', () => resolve(undefined))
    req.once('close', () => resolve(undefined))
  })
}

async function read(res: IncomingMessage, manner: Manner, patience: number, leave: () => void): Promise<string> {
  const chunks: Buffer[] = []
  let isSlow = manner === 'reads slowly'
  const slowUntil = performance.now() + 2_000
  res.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    if (!isSlow) return
    res.pause()
    setTimeout(() => res.resume(), 20)
    isSlow = performance.now() < slowUntil
  })
  res.on('error', () => {}) // a cut; `complete` says so
  const timer = manner === 'leaves in the middle' ? setTimeout(leave, patience) : undefined
  await new Promise((resolve) => res.once('close', resolve))
  clearTimeout(timer)
  return Buffer.concat(chunks).toString()
}

function endOf({ complete, statusCode = 0 }: IncomingMessage, text: string, terminal: string | undefined): End {
  if (!complete) return 'cut'
  if (statusCode >= 300) return 'error'
  if (terminal === undefined) return 'whole'
  return text.includes(terminal) && !/"error":\s*\{|"response\.failed"/.test(text) ? 'whole' : 'cut'
}
