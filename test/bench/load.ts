import { Clients } from './clients.ts'
import { scenarios, type Played, type Scenario } from './scenarios.ts'
import { abortStreams, HeldStreams } from './streams.ts'

// The clients, in a process of their own. Started with `fork`; takes one order at a time.

/** What clients of a scenario are to do to a target. */
export type Order = { readonly scenario: string; readonly target: string; readonly url: string } & Verb

export type Verb =
  /** Open the connections, or close them. */
  | { readonly do: 'open' | 'close' }
  /** Send one slice over them. */
  | {
      readonly do: 'run'
      /** Instead of the scenario's own slice, milliseconds. */
      readonly sliceMs?: number
    }
  /** Begin streams and leave each of them in the middle. */
  | { readonly do: 'abort'; readonly count: number }
  /** Begin streams and keep them open until `release`. */
  | { readonly do: 'hold'; readonly count: number }
  | { readonly do: 'release' }

/** What an order has led to. */
export interface Ran {
  readonly answers: number
  /** What was wrong with answers, the first few in words. */
  readonly wrong: number
  readonly problems: readonly string[]
}

const none: Ran = { answers: 0, wrong: 0, problems: [] }
const open = new Map<string, Clients>()
const held = new HeldStreams()

async function obey(order: Order): Promise<Ran> {
  const scenario = scenarios.find(({ name }) => name === order.scenario)
  if (!scenario) throw new Error(`no such scenario: ${order.scenario}`)
  const url = new URL(order.url)
  if (order.do === 'abort') return abortStreams(url, streamsOf(scenario), order.count)
  if (order.do === 'hold') return held.hold(url, streamsOf(scenario), order.count)
  if (order.do === 'release') {
    await held.release()
    return none
  }
  if (!('requests' in scenario)) throw new Error(`${scenario.name} has no requests to play`)
  const clients = clientsOf(scenario, keyOf(order), url)
  if (order.do === 'run') return clients.run(order.sliceMs)
  if (order.do === 'open') await clients.open()
  else {
    clients.close()
    // The target may start anew, elsewhere.
    open.delete(keyOf(order))
  }
  return none
}

function keyOf({ scenario, target }: Order): string {
  return `${scenario} ${target}`
}

function clientsOf(scenario: Played, key: string, url: URL): Clients {
  const clients = open.get(key) ?? new Clients(scenario, url)
  open.set(key, clients)
  return clients
}

function streamsOf(scenario: Scenario): readonly Buffer[] {
  if (!('streams' in scenario)) throw new Error(`${scenario.name} has no streams of its own`)
  return scenario.streams()
}

process.on('message', (order: Order) => {
  obey(order).then(
    (ran) => process.send?.({ ran }),
    (error: Error) => process.send?.({ error: error.message }),
  )
})
process.on('disconnect', () => process.exit())
