import { readFile, rename, writeFile } from 'node:fs/promises'
import { isRecord, kinds, type Kind } from '@sluice/config'
import { Draft } from './draft.ts'
import { emptyState, type GroupState, type Value } from './group-state.ts'
import { defaultGroup, type Group } from './group.ts'

/** A group, and what it holds. */
export interface HeldGroup {
  readonly group: Group
  readonly state: GroupState
}

/** What stands beside a configuration file: gateway groups other than `default`, which the file itself holds. */
export class GroupsFile {
  readonly file: string
  readonly #held = new Map<string, HeldGroup>()

  /** Of that configuration file. Rejects where it is there and cannot be read. */
  static async open(configFile: string, now: number): Promise<GroupsFile> {
    const groups = new GroupsFile(`${configFile}.groups.json`)
    for (const held of await read(groups.file, now)) groups.#held.set(held.group.id, held)
    return groups
  }

  private constructor(file: string) {
    this.file = file
  }

  get held(): ReadonlyMap<string, HeldGroup> {
    return this.#held
  }

  async keep(id: string, state: GroupState): Promise<void> {
    const before = this.#held.get(id)
    const seconds = Math.floor(Date.now() / 1_000)
    // A group that is served before anybody has created it.
    const group = before?.group ?? { id, name: id, createdAt: seconds, updatedAt: seconds }
    this.#held.set(id, { group, state })
    await this.#write(() => (before ? this.#held.set(id, before) : this.#held.delete(id)))
  }

  async keepGroups(groups: readonly Group[]): Promise<void> {
    const before = new Map(this.#held)
    this.#held.clear()
    for (const group of groups) if (group.id !== defaultGroup) this.#held.set(group.id, { group, state: before.get(group.id)?.state ?? emptyState })
    await this.#write(() => {
      this.#held.clear()
      for (const [id, held] of before) this.#held.set(id, held)
    })
  }

  /** By rename: whoever reads it reads the one text or the other. */
  async #write(undo: () => unknown): Promise<void> {
    const groups = [...this.#held.values()].map(({ group, state }) => ({ ...group, resources: resourcesOf(state) }))
    const temporary = `${this.file}.tmp`
    try {
      await writeFile(temporary, `${JSON.stringify({ groups }, undefined, 2)}\n`, { mode: 0o600, flush: true })
      await rename(temporary, this.file)
    } catch (error) {
      undo()
      throw new Error(`${this.file} cannot be written (${(error as NodeJS.ErrnoException).code})`, { cause: error })
    }
  }
}

function resourcesOf(state: GroupState): Record<string, Record<string, Value>> {
  const filled = kinds.filter((kind) => state.all(kind).size > 0)
  return Object.fromEntries(filled.map((kind) => [kind, Object.fromEntries(state.entries(kind))]))
}

async function read(file: string, now: number): Promise<HeldGroup[]> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  const value = parsed(text, file)
  const groups: unknown = isRecord(value) ? value['groups'] : undefined
  if (!Array.isArray(groups)) throw new Error(`${file} does not hold gateway groups: { "groups": […] }`)
  return groups.map((group: unknown) => toHeld(group, file, now))
}

function parsed(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error(`${file} is not JSON`) // what it holds may be secret, and the parser would quote it
  }
}

function toHeld(written: unknown, file: string, now: number): HeldGroup {
  if (!isRecord(written) || typeof written['id'] !== 'string') throw new Error(`${file} holds a gateway group without an id`)
  const { resources, ...about } = written
  const { id } = written
  const seconds = Math.floor(now / 1_000)
  const group = { name: id, createdAt: seconds, updatedAt: seconds, ...about } as unknown as Group
  const draft = new Draft(emptyState, 1, now)
  for (const [kind, entries] of Object.entries(isRecord(resources) ? resources : {})) {
    if (!kinds.includes(kind as Kind) || !isRecord(entries)) throw new Error(`${file}: group ${id} holds ${kind}, which is nothing that a group holds`)
    draft.replace(kind as Kind, Object.entries(entries) as [string, Value][])
  }
  return { group, state: draft.finish() }
}
