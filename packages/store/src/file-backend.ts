import type { Backend } from './backend.ts'
import { ConfigFile, StaleFileError, type ConfigFileOptions } from './config-file.ts'
import { ConfigText, type TextChange } from './config-text.ts'
import type { Change } from './draft.ts'
import type { GroupState } from './group-state.ts'
import { defaultGroup, type Group } from './group.ts'
import { GroupsFile, type HeldGroup } from './groups-file.ts'

export interface FileBackendOptions extends ConfigFileOptions {
  readonly isReadonly?: boolean
}

/** In the configuration file: what the group `default` holds is written back to it, other groups stand beside it. */
export class FileBackend implements Backend {
  readonly isReadonly: boolean
  readonly isLasting = true
  readonly #file: ConfigFile
  readonly #groups: GroupsFile
  /** What the file holds; read into its parts when something is to be written. */
  #text: string
  #parts: ConfigText | undefined

  /** `text` is what was last read of the file. Rejects where what stands beside it cannot be read. */
  static async open(file: string, text: string, { isReadonly = false, ...options }: FileBackendOptions = {}): Promise<FileBackend> {
    const backend = new FileBackend(new ConfigFile(file, text, options), await GroupsFile.open(file, Date.now()), text, isReadonly)
    if (!isReadonly) await backend.#file.clean()
    return backend
  }

  private constructor(file: ConfigFile, groups: GroupsFile, text: string, isReadonly: boolean) {
    this.#file = file
    this.#groups = groups
    this.#text = text
    this.isReadonly = isReadonly
  }

  /** What other groups hold. */
  get groups(): ReadonlyMap<string, HeldGroup> {
    return this.#groups.held
  }

  /** The file holds another text, which somebody else wrote, and which serves now. */
  accept(text: string): void {
    this.#text = text
    this.#parts = undefined
    this.#file.accept(text)
  }

  async keep(group: string, next: GroupState, changes: readonly Change[]): Promise<void> {
    if (group !== defaultGroup) return this.#groups.keep(group, next)
    const text = this.#text
    const parts = this.#parts ?? (await ConfigText.parseAside(text, this.#file.file))
    const changed = await parts.applyAside(changes.map(toTextChange))
    if (this.#text !== text) throw new StaleFileError(`${this.#file.file} was changed by somebody else meanwhile`)
    await this.#file.write(changed.text)
    this.#text = changed.text
    this.#parts = changed
  }

  async keepGroups(groups: readonly Group[]): Promise<void> {
    await this.#groups.keepGroups(groups)
  }

  /** Waits until all that was written is on the disk. */
  async flush(): Promise<void> {
    await this.#file.flush()
  }
}

function toTextChange({ kind, id, after }: Change): TextChange {
  return { kind, id, value: after?.value }
}
