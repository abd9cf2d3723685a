import { translators } from '@sluice/dialects'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { askingClients, capabilities, failuresIn, openMatrix } from './support/matrix.ts'
import { cellText, writtenCells } from './support/matrix-markdown.ts'
import { playedProviders } from './support/provider-dialects.ts'

// On a machine that is busy with something else.
vi.setConfig({ testTimeout: 60_000 })
afterAll(() => vi.resetConfig())

const cells = askingClients.flatMap((client) => playedProviders.map((provider) => ({ client: client.name, on: provider.name, from: client.dialect, to: provider.dialect })))
const written = writtenCells()

let matrix: Awaited<ReturnType<typeof openMatrix>>
beforeAll(async () => {
  matrix = await openMatrix()
})
afterAll(() => matrix.close())

test('the README has a cell for each client on each provider, and says of what', () => {
  expect([...written.keys()]).toEqual(cells.map(({ client, on }) => `${client} on ${on}`))
  expect(capabilities.length).toBe(6)
})

test.for(cells)('a client of $client gets of a provider of $on what the README says', async ({ client, on, from, to }) => {
  const failures = await failuresIn(matrix.cell(from, to))
  const why = [...failures].map(([name, problem]) => `${name}: ${problem}`).join('\n')
  expect(cellText(failures), `the README is out of date, or this is broken:\n${why}`).toBe(written.get(`${client} on ${on}`))
})

test('no dialect that is translated is left out', () => {
  const all = translators.map(({ dialect }) => dialect).toSorted()
  expect(askingClients.map(({ dialect }) => dialect).toSorted()).toEqual(all)
  expect(playedProviders.map(({ dialect }) => dialect).toSorted()).toEqual(all)
})
