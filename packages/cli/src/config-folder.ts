import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Surroundings } from './surroundings.ts'

/** Where the contexts lie. */
export function configFile({ env }: Pick<Surroundings, 'env'>): string {
  return join(folderOf(env), 'config.yaml')
}

function folderOf(env: Surroundings['env']): string {
  if (env['SLUICE_CONFIG_DIR']) return env['SLUICE_CONFIG_DIR']
  if (env['XDG_CONFIG_HOME']) return join(env['XDG_CONFIG_HOME'], 'sluice')
  return join(env['HOME'] || homedir(), '.config', 'sluice')
}
