import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { askingClients, capabilities, failuresIn, openMatrix } from './matrix.ts'
import { playedProviders } from './provider-dialects.ts'
import { root } from './workspace.ts'

/** The README, which shows what passes between clients and providers. */
export const readmeFile = join(root, 'README.md')

/** What the README says of a cell. */
export function cellText(failures: ReadonlyMap<string, string>): string {
  if (failures.size === 0) return 'all'
  const passed = capabilities.filter(({ name }) => !failures.has(name))
  return passed.length === 0 ? 'nothing' : passed.map(({ name }) => name).join(', ')
}

const head = `| Clients of … on providers of … | ${playedProviders.map(({ name }) => name).join(' | ')} |`

/** The table as it stands in the README, by client and provider. */
export function writtenCells(): ReadonlyMap<string, string> {
  const rows = tableIn(readFileSync(readmeFile, 'utf8')).split('\n').slice(2).map((row) => row.split('|').slice(1, -1).map((text) => text.trim()))
  return new Map(rows.flatMap(([client = '', ...cells]) => cells.map((text, index) => [`${client} on ${playedProviders[index]?.name ?? ''}`, text] as const)))
}

function tableIn(readme: string): string {
  return /^\| Clients of … [^\n]*\n(?:\|[^\n]*\n)*/m.exec(readme)?.[0].trimEnd() ?? ''
}

/** Tries every cell, and gives the README with the table of what passes. */
export async function readmeWithMatrix(): Promise<string> {
  const matrix = await openMatrix()
  const rows: string[] = [head, `|---|${playedProviders.map(() => '---|').join('')}`]
  for (const client of askingClients) {
    const cells: string[] = []
    for (const provider of playedProviders) cells.push(cellText(await failuresIn(matrix.cell(client.dialect, provider.dialect))))
    rows.push(`| ${client.name} | ${cells.join(' | ')} |`)
  }
  await matrix.close()
  const readme = readFileSync(readmeFile, 'utf8')
  return readme.replace(tableIn(readme), () => rows.join('\n'))
}
