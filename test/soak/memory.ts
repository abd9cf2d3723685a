import { readdirSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import type { Held } from '../bench/collect.ts'

/** What one process of the gateway holds after a collection. */
export interface Sample extends Held {
  readonly pid: number
}

/** Asks each process that serves, once; names the requests as `nameOf` says. */
export async function sampleAll(url: string, workers: number, nameOf: () => string): Promise<Sample[]> {
  const samples = new Map<number, Sample>()
  for (let asked = 0; samples.size < workers; asked++) {
    if (asked > workers * 50) throw new Error(`${samples.size} of ${workers} processes have answered`)
    const sample = await ask(url, nameOf())
    samples.set(sample.pid, sample)
  }
  return [...samples.values()].toSorted((a, b) => a.pid - b.pid)
}

/** Resident bytes of a process and its children, whoever they are. */
export function residentOf(pid: number): number {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  const parents = new Map(all.map((name) => [Number(name), parentOf(name)]))
  const family = new Set([pid])
  for (const [child, parent] of parents) if (parent !== undefined && family.has(parent)) family.add(child)
  return [...family].reduce((sum, one) => sum + statusOf(String(one), /^VmRSS:\s+(\d+) kB$/m) * 1024, 0)
}

function parentOf(name: string): number {
  return statusOf(name, /^PPid:\s+(\d+)$/m)
}

function statusOf(name: string, pattern: RegExp): number {
  try {
    return Number(pattern.exec(readFileSync(`/proc/${name}/status`, 'utf8'))?.[1] ?? 0)
  } catch {
    return 0 // it has ended meanwhile
  }
}

function ask(url: string, name: string): Promise<Sample> {
  return new Promise((resolve, reject) => {
    const req = request(`${url}/soak/memory`, { agent: false, headers: { 'x-soak': name } }, (res) => {
      let text = ''
      res.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      res.once('end', () => resolve(JSON.parse(text) as Sample))
    })
    req.once('error', reject).end()
  })
}
