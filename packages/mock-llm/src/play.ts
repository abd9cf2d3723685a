import type { ServerResponse } from 'node:http'
import { performance } from 'node:perf_hooks'
import type { Step } from './to-steps.ts'

export interface Head {
  readonly status: number
  /** Names and values in turn. */
  readonly headers: readonly string[]
  /** The declared length of the body; absent: chunked. */
  readonly length: number | undefined
}

/** An answer under way. */
export interface Player {
  /** Whether it ended, or will end, in the middle. */
  readonly broken: boolean
  /** Sends nothing more. */
  stop(): void
}

/** So much is written at once before the socket is asked whether it can take more. */
const breath = 262_144

/** Sends an answer step by step. Waits count from one due time to the next, so that a cadence does not drift. */
export function play(
  res: ServerResponse,
  { head, steps }: { head: Head; steps: Iterator<Step, void> },
): Player {
  let { socket } = res
  let due = performance.now()
  let sent = 0
  let over = false
  let broken = false
  let timer: NodeJS.Timeout | undefined
  let immediate: NodeJS.Immediate | undefined

  function run(): void {
    if (over || !socket) return
    // What is sent without a wait in between leaves in one write.
    res.cork()
    const pause = sendUntilPause()
    res.uncork()
    if (pause === 'end') end()
    else if (pause === 'cut') cut()
    else if (pause !== 'breath') later(pause.ms)
    else if (socket.writableNeedDrain) socket.once('drain', run)
    else later(0)
  }

  function sendUntilPause(): { ms: number } | 'breath' | 'cut' | 'end' {
    const until = sent + breath
    for (let next = steps.next(); !next.done; next = steps.next()) {
      const step = next.value
      if (step.do === 'wait') return step
      if (step.do === 'cut') return 'cut'
      begin()
      if (step.do === 'write') write(step.bytes)
      if (sent >= until) return 'breath'
    }
    return 'end'
  }

  function begin(): void {
    if (res.headersSent) return
    const length = head.length === undefined ? [] : ['content-length', String(head.length)]
    res.writeHead(head.status, [...head.headers, ...length])
    res.flushHeaders()
  }

  function write(bytes: Buffer): void {
    sent += bytes.length
    res.write(bytes)
  }

  function later(ms: number): void {
    due += ms
    const left = due - performance.now()
    if (ms > 0 && left > 0) timer = setTimeout(run, left)
    else immediate = setImmediate(run)
  }

  function end(): void {
    over = true
    begin()
    // A length that does not fit leaves the client waiting, or turns the rest into the next answer.
    if (head.length !== undefined && head.length !== sent) res.once('finish', cut)
    res.end()
  }

  function cut(): void {
    over = true
    broken = true
    // What was written before is to arrive.
    socket?.destroySoon()
  }

  // Of requests that come before their turn, the later ones have no socket yet.
  if (socket) run()
  else
    res.once('socket', (given) => {
      socket = given
      due = performance.now()
      run()
    })
  return {
    get broken() {
      return broken
    },
    stop() {
      over = true
      clearTimeout(timer)
      clearImmediate(immediate)
      socket?.off('drain', run)
    },
  }
}
