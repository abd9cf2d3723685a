import { setImmediate } from 'node:timers/promises'
import { Gateway, InvalidConfigError } from '@sluice/gateway'
import { definePlugin, silent, slot, Type } from '@sluice/kernel'

// A gateway in a process of its own that applies what it is sent and tells what became of it. Started with `fork` and
// --expose-gc; its first message is the file to begin with.

export type Order = { readonly apply: string } | { readonly running: true } | { readonly measure: true } | { readonly close: true }

export interface Applied {
  /** Undefined: it serves now. */
  readonly refused?: string
}

export interface Measured {
  /** Bytes after a collection. */
  readonly heap: number
  readonly snapshots: number
  readonly instances: number
  readonly running: number
  /** Ledgers that are set up and not disposed of, with the exchanges on each. */
  readonly ledgers: readonly { readonly place: string; readonly running: number }[]
  /** Ledgers that were disposed of and that something still holds. */
  readonly kept: number
  /** What ledgers saw that must not be. */
  readonly faults: readonly string[]
}

interface Ledger {
  readonly place: string
  running: number
  isDisposed: boolean
}

const faults: string[] = []
const ledgers = new Set<Ledger>()
const everyLedger: WeakRef<Ledger>[] = []
const entered = slot<boolean>('ledger.entered')

/** Knows which exchanges run on it, and that it must not be disposed of meanwhile, nor used afterwards. */
const ledger = definePlugin({
  name: 'ledger',
  priority: 20_000,
  schema: Type.Object({ generation: Type.Integer() }, { additionalProperties: false }),
  metadataSchema: Type.Object({ note: Type.String() }, { additionalProperties: false }),
  setup({ generation }, { owner }) {
    const own: Ledger = { place: owner.id, running: 0, isDisposed: false }
    ledgers.add(own)
    everyLedger.push(new WeakRef(own))
    const expectLife = (what: string): void => {
      if (own.isDisposed) faults.push(`${what} of ${own.place} ${generation} after it was disposed of`)
    }
    return {
      rewrite(ctx) {
        expectLife('rewrite')
        own.running += 1
        ctx.set(entered, true)
        ctx.onReply((reply) => void (reply.headers['x-generation'] = String(generation)))
      },
      log(ctx) {
        expectLife('log')
        if (ctx.get(entered)) own.running -= 1
      },
      dispose() {
        if (own.running > 0) faults.push(`${own.place} ${generation} was disposed of while ${own.running} ran`)
        expectLife('dispose')
        own.isDisposed = true
        ledgers.delete(own)
      },
    }
  },
})

/** Counts, and tells each client the count: state that only a change of its own configuration may end. */
const visits = definePlugin({
  name: 'visits',
  priority: 19_000,
  schema: Type.Object({ header: Type.String() }, { additionalProperties: false }),
  setup({ header }) {
    let count = 0
    return { rewrite: (ctx) => ctx.onReply((reply) => void (reply.headers[header] = String((count += 1)))) }
  },
})

const moody = definePlugin({
  name: 'moody',
  priority: 1,
  schema: Type.Object({}),
  setup() {
    throw new Error('not in the mood')
  },
})

let gateway: Gateway | undefined
const snapshots: WeakRef<object>[] = []

async function begin(text: string): Promise<{ url: string }> {
  gateway = await Gateway.start({ file: 'gateway.yaml', text, env: () => undefined, log: silent, plugins: [ledger, visits, moody] })
  snapshots.push(new WeakRef(gateway.snapshot))
  return { url: `http://127.0.0.1:${gateway.address.port}` }
}

async function apply(to: Gateway, text: string): Promise<Applied> {
  try {
    await to.apply(text)
    snapshots.push(new WeakRef(to.snapshot))
    return {}
  } catch (error) {
    if (!(error instanceof InvalidConfigError)) throw error
    return { refused: error.message }
  }
}

async function measure(of: Gateway): Promise<Measured> {
  for (let round = 0; round < 3; round++) {
    await setImmediate()
    globalThis.gc?.()
  }
  const { heapUsed, external } = process.memoryUsage()
  return {
    heap: heapUsed + external,
    snapshots: snapshots.filter((one) => one.deref()).length,
    instances: of.kernel.instances.size,
    running: of.running,
    ledgers: [...ledgers].map(({ place, running }) => ({ place, running })),
    kept: everyLedger.filter((one) => one.deref()?.isDisposed).length,
    faults,
  }
}

async function obey(order: Order): Promise<object> {
  if (!gateway) return begin('apply' in order ? order.apply : '')
  if ('apply' in order) return apply(gateway, order.apply)
  if ('running' in order) return { running: gateway.running }
  if ('measure' in order) return measure(gateway)
  await gateway.close()
  return {}
}

process.on('message', (order: Order) => {
  obey(order).then(
    (answer) => process.send?.(answer),
    (error: Error) => {
      process.stderr.write(`${error.stack}\n`)
      process.exit(1)
    },
  )
})
process.on('disconnect', () => process.exit())
