import type { Command } from 'commander'
import type { AdminClient } from '../admin-client.ts'
import type { Surroundings } from '../surroundings.ts'

/** What is known when a word is to be completed. */
export interface Completing {
  readonly surroundings: Surroundings
  /** Options before it, by the names that the parser gives them. */
  readonly options: Readonly<Record<string, string>>
  /** Throws where the Admin API cannot be reached. */
  client(): Promise<AdminClient>
}

export type Values = (completing: Completing) => Promise<readonly string[]>

const values = new WeakMap<Command, Values>()

/** Says what a command's words may be. */
export function withValues(command: Command, words: Values): Command {
  values.set(command, words)
  return command
}

/** What a command's words may be. */
export function valuesOf(command: Command): Values | undefined {
  return values.get(command)
}
