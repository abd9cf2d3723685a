import { setTimeout as sleep } from 'node:timers/promises'
import { Connection } from './connection.ts'
import { scenarios, streamGapMs, type Scenario } from './scenarios.ts'

// The clients, in a process of their own. Started with `fork`; takes one order at a time.

/** Opens the connections of a scenario to a target, or sends one slice over them. */
export interface Order {
  readonly do: 'open' | 'run' | 'close'
  readonly scenario: string
  readonly target: string
  readonly url: string
  /** Instead of the scenario's own slice, milliseconds. */
  readonly sliceMs?: number
}

/** What a slice did. */
export interface Ran {
  readonly answers: number
  readonly milliseconds: number
  /** What was wrong with answers, the first few in words. */
  readonly wrong: number
  readonly problems: readonly string[]
}

interface Clients {
  readonly connections: Connection[]
  readonly requests: readonly Buffer[]
  next: number
}

const open = new Map<string, Clients>()
const requestsOf = new Map<string, readonly Buffer[]>()

async function obey({ do: verb, scenario: name, target, url, sliceMs }: Order): Promise<Ran | undefined> {
  const scenario = scenarios.find((one) => one.name === name)
  if (!scenario) throw new Error(`no such scenario: ${name}`)
  const clients = clientsOf(scenario, target, new URL(url))
  if (verb === 'run') return run(scenario, clients, sliceMs)
  if (verb === 'open') await Promise.all(clients.connections.map((connection) => connection.open()))
  else {
    for (const connection of clients.connections) connection.close()
    open.delete(`${name} ${target}`)
  }
  return undefined
}

function clientsOf(scenario: Scenario, target: string, { hostname, port }: URL): Clients {
  const key = `${scenario.name} ${target}`
  let clients = open.get(key)
  if (!clients) {
    const requests = requestsOf.get(scenario.name) ?? scenario.requests()
    requestsOf.set(scenario.name, requests)
    const connections = Array.from({ length: scenario.connections }, () => new Connection(hostname, Number(port || 80)))
    clients = { connections, requests, next: 0 }
    open.set(key, clients)
  }
  return clients
}

async function run(scenario: Scenario, clients: Clients, sliceMs: number | undefined): Promise<Ran> {
  const tally = { answers: 0, wrong: 0, problems: [] as string[] }
  const startedAt = performance.now()
  const until = scenario.slice === 'once' ? 0 : startedAt + (sliceMs ?? scenario.slice)
  const spread = scenario.slice === 'once' ? streamGapMs / clients.connections.length : 0
  await Promise.all(
    clients.connections.map(async (connection, n) => {
      if (spread > 0) await sleep(n * spread)
      do {
        const request = clients.requests[clients.next++ % clients.requests.length] as Buffer
        const problem = await exchange(connection, request, scenario)
        tally.answers += 1
        if (problem === undefined) continue
        tally.wrong += 1
        if (tally.problems.length < 3) tally.problems.push(problem)
        // A target that refuses at once would be asked a hundred thousand times.
        if (tally.wrong >= 20) return
      } while (performance.now() < until)
    }),
  )
  return { ...tally, milliseconds: performance.now() - startedAt }
}

async function exchange(connection: Connection, request: Buffer, scenario: Scenario): Promise<string | undefined> {
  try {
    await connection.open()
    return scenario.check(await connection.send(request))
  } catch (error) {
    return (error as Error).message
  }
}

process.on('message', (order: Order) => {
  obey(order).then(
    (ran) => process.send?.({ ran }),
    (error: Error) => process.send?.({ error: error.message }),
  )
})
process.on('disconnect', () => process.exit())
