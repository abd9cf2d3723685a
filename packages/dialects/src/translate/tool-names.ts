import { createHash } from 'node:crypto'

const hashLength = 8

/** Names of tools that the provider would refuse, and what they are called there instead. */
export class ToolNames {
  readonly #original = new Map<string, string>()
  readonly #changed = new Map<string, string>()

  /** The name for the provider: itself, or its legal beginning and a hash, the same in every request. */
  toProvider(name: string, maxLength: number): string {
    if (name.length <= maxLength && /^[\w-]+$/.test(name)) return name
    const known = this.#changed.get(name)
    if (known !== undefined) return known
    const hash = createHash('sha256').update(name).digest('hex').slice(0, hashLength)
    const changed = `${name.slice(0, maxLength - hashLength - 1).replaceAll(/[^\w-]/g, '_')}_${hash}`
    this.#changed.set(name, changed)
    this.#original.set(changed, name)
    return changed
  }

  /** The client's own name of a tool that the provider calls. */
  toClient(name: string): string {
    return this.#original.get(name) ?? name
  }
}
