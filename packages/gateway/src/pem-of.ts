import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { ConfigError, type Issue } from '@sluice/kernel'

/** What a setting holds as PEM, or names as a file of it, relative to the configuration file. Throws a `ConfigError` where it cannot be read. */
export function pemOf(text: string | undefined, path: Issue['path'], file: string): string | undefined {
  if (text === undefined || text.includes('-----BEGIN')) return text
  try {
    return readFileSync(resolve(dirname(resolve(file)), text), 'utf8')
  } catch (error) {
    throw new ConfigError([{ path, message: `cannot be read: ${(error as NodeJS.ErrnoException).code}` }])
  }
}
