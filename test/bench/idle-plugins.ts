import { copyFileSync } from 'node:fs'
import { join } from 'node:path'

/** A plugin as a configuration names it. */
export interface LaidOut {
  readonly name: string
  readonly path: string
}

/** Copies `idle-plugin.ts` into `folder` as `count` plugins. */
export function layOutIdlePlugins(folder: string, count: number): LaidOut[] {
  return Array.from({ length: count }, (_, n) => {
    const name = `idle-${n + 1}`
    const path = join(folder, `${name}.mts`)
    copyFileSync(new URL('idle-plugin.ts', import.meta.url), path)
    return { name, path }
  })
}
