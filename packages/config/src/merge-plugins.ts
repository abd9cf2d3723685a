import type { Prepared } from '@sluice/kernel'
import type { PluginMap } from './workbench.ts'

/** One list out of several maps: of each name the first, whole, `_meta` with it; a disabled one still hides the others. */
export function mergePlugins(layers: readonly (PluginMap | undefined)[]): Prepared[] {
  const merged = new Map<string, Prepared>()
  for (const layer of layers) {
    if (layer) for (const [name, prepared] of layer) if (!merged.has(name)) merged.set(name, prepared)
  }
  return [...merged.values()]
}
