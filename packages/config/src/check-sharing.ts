import { isDeepStrictEqual } from 'node:util'
import type { Prepared } from '@sluice/kernel'
import type { Workbench } from './workbench.ts'
import type { Steps } from './steps.ts'

/** Where plugins share a count by its name, all of them must go by the same configuration: which of two would hold? */
export function* checkSharing(lists: Iterable<readonly Prepared[]>, bench: Workbench): Steps<void> {
  const first = new Map<string, Prepared>()
  const seen = new Set<Prepared>()
  for (const list of lists) {
    for (const prepared of list) {
      const { plugin, config, meta, path } = prepared
      if (!plugin.sharedAs || meta.disable || seen.has(prepared)) continue
      seen.add(prepared) // those that inherit it have the same one
      const name = plugin.sharedAs(config)
      if (name === undefined) continue
      const key = `${plugin.name} ${name}`
      const other = first.get(key)
      if (!other) first.set(key, prepared)
      else if (!isDeepStrictEqual(other.config, config)) {
        bench.problem(path, `shares ${JSON.stringify(name)} with ${other.owner.kind} [${other.owner.id}], which has other settings; they must be the same`)
      }
    }
    yield
  }
}
