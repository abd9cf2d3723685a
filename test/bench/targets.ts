import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import type { Held } from './collect.ts'
import { Forked } from './forked.ts'
import { observed, oneRoute, tenThousandRoutes, translating, twentyPlugins, type Place } from './gateway-config.ts'
import { GatewayProcess } from './gateway-process.ts'
import type { Guard } from './guard.ts'
import { memoryPath } from './wire.ts'

export type TargetName = PipeName | GatewayName
type PipeName = 'pipe' | 'pipe-twin'
type GatewayName = keyof typeof gateways

/** The gateways that rows compare: a row that needs another one adds its configuration here. */
const gateways = {
  gateway: oneRoute,
  'gateway-twin': oneRoute,
  'gateway-10k': tenThousandRoutes,
  'gateway-20-plugins': twentyPlugins,
  'gateway-observed': observed,
  'gateway-translating': translating,
} satisfies Record<string, (place: Place) => object>

/** What load is sent to and CPU time is read from. */
export interface Target {
  readonly name: string
  readonly url: string
  readonly pid: number
  /** Where its access log is, for a gateway of ours. */
  readonly accessLog?: string
  /** Collects its garbage and says what it holds; where it has a way to. */
  collect?(): Promise<Held>
  stop(): Promise<void>
}

/** A gateway that somebody else has started. */
export interface OtherTarget {
  readonly name: string
  readonly url: string
  /** Its first process. */
  readonly pid: number
}

export interface Surroundings {
  readonly folder: string
  readonly upstream: string
  readonly guard: Guard
  readonly execArgv?: readonly string[]
}

export async function startTarget(name: TargetName, around: Surroundings): Promise<Target> {
  return name === 'pipe' || name === 'pipe-twin' ? startPipe(name, around) : startGateway(name, around)
}

async function startPipe(name: PipeName, { upstream, execArgv = [] }: Surroundings): Promise<Target> {
  const pipe = new Forked('./pipe.ts', [upstream], execArgv)
  const { port } = await pipe.hear<{ port: number }>()
  const url = `http://127.0.0.1:${port}`
  return { name, url, pid: pipe.pid, collect: () => pipe.ask<Held>({}), stop: () => pipe.stop() }
}

async function startGateway(name: GatewayName, around: Surroundings): Promise<Target> {
  // Some are started several times.
  const folder = mkdtempSync(join(around.folder, `${name}-`))
  const gateway = await GatewayProcess.start({ ...around, folder, toConfig: gateways[name] })
  const { url, pid, accessLog } = gateway
  const canCollect = gateways[name] === observed
  return { name, url, pid, accessLog, ...(canCollect && { collect: () => askForMemory(url) }), stop: () => gateway.stop() }
}

async function askForMemory(url: string): Promise<Held> {
  const answer = await fetch(`${url}${memoryPath}`, { headers: { connection: 'close' } })
  if (!answer.ok) throw new Error(`${url}${memoryPath} answered ${answer.status}: ${await answer.text()}`)
  return (await answer.json()) as Held
}

/** It goes on running when the benchmark is over. */
export function fromOutside(other: OtherTarget): Target {
  return { ...other, stop: async () => {} }
}
